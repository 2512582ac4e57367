/** The container's health check: exit code 0 when the gateway answers /healthz with 200. The image has no curl. */
const answerMsMax = 4_000;
const url = process.env.HEADGATE_HEALTH_URL ?? 'http://127.0.0.1:9464/healthz';
try {
  const response = await fetch(url, { signal: AbortSignal.timeout(answerMsMax) });
  process.stdout.write(`${response.status} ${await response.text()}\n`);
  process.exitCode = response.status === 200 ? 0 : 1;
} catch (error) {
  process.stdout.write(`${url}: ${error.cause?.message ?? error.message}\n`);
  process.exitCode = 1;
}
