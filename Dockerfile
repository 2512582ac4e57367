# Headgate as a container. It runs as uid 1000, with a read-only root file system and one volume, /data:
#
#   docker run --read-only --cap-drop=ALL --security-opt=no-new-privileges \
#     -v headgate-data:/data -v "$PWD/headgate.yaml:/etc/headgate/headgate.yaml:ro" -p 8883:8883 headgate
#
# The configuration inside (deploy/docker/headgate.yaml) lets nobody in: mount your own over it.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-update-notifier
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json --incremental false

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-update-notifier

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Headgate" \
      org.opencontainers.image.description="Self-hosted IoT telemetry gateway: MQTT in, AWS IoT SQL rules, Avro out, delivered to AWS." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY examples ./examples
COPY package.json LICENSE ./
COPY deploy/docker/healthcheck.mjs ./
COPY deploy/docker/headgate.yaml /etc/headgate/headgate.yaml
# Numeric, so that Kubernetes' runAsNonRoot can see that it is not root. Only /data may be written to.
RUN mkdir /data && chown 1000:1000 /data && chmod 0700 /data
USER 1000:1000
VOLUME /data
# Where the health check asks; set it when `admin` in your configuration stands elsewhere.
ENV HEADGATE_HEALTH_URL=http://127.0.0.1:9464/healthz
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["node", "/app/healthcheck.mjs"]
# Stops accepting, finishes what was read, syncs, and exits within 10 s: docker stop's own patience.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["run", "--config", "/etc/headgate/headgate.yaml"]
