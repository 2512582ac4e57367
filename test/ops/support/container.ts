/** A container of the image, run hardened: read-only root, no capabilities, no new privileges, the host's network. */
import { join } from 'node:path';
import { type GatewayProcess, readMetric } from '../../support/gateway-process.ts';
import { until } from '../../support/until.ts';
import { type CommandResult, command } from './command.ts';

const SCRIPTS = join(import.meta.dirname, '../../support');
const BASE = 'node:24-bookworm-slim';

/** Makes the base image where it is not there yet, and builds the Dockerfile. Rejects with what was printed. */
export async function buildImage(tag: string): Promise<void> {
  const base = await command('buildah', ['images', '-q', `docker.io/library/${BASE}`]);
  if (base.stdout.trim() === '') {
    const node = await succeed(join(SCRIPTS, 'node24.sh'), []);
    await succeed(join(SCRIPTS, 'image-base.sh'), [BASE, node.trim()]);
  }
  await succeed(join(SCRIPTS, 'image-build.sh'), [join(import.meta.dirname, '../../..'), tag]);
}

export interface Container extends Pick<GatewayProcess, 'metric'> {
  readonly name: string;
  /** Runs a command inside. */
  exec(program: string, ...args: readonly string[]): Promise<CommandResult>;
  /** Runs the image's health check until it succeeds; resolves with the status that the engine then keeps. */
  healthStatus(): Promise<string>;
  isReady(): Promise<boolean>;
  start(): Promise<void>;
  /** SIGTERM, as STOPSIGNAL says; resolves with the exit code. */
  stop(): Promise<number>;
  remove(): Promise<void>;
}

export interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  readonly adminPort: number;
  readonly network: 'host' | 'none';
  /** Options of `podman run`: volumes, variables. */
  readonly args?: readonly string[];
}

export async function runContainer({
  name,
  image,
  adminPort,
  network,
  args = [],
}: ContainerOptions): Promise<Container> {
  const variables = ['-e', `HEADGATE_HEALTH_URL=http://127.0.0.1:${adminPort}/healthz`];
  await succeed(join(SCRIPTS, 'image-run.sh'), [name, image, ...variables, ...args], { NETWORK: network });
  const inspect = async (format: string) => (await succeed('podman', ['inspect', '--format', format, name])).trim();
  const admin = (path: string) => fetch(`http://127.0.0.1:${adminPort}${path}`);
  return {
    name,
    exec: (program, ...rest) => command('podman', ['exec', name, program, ...rest]),
    healthStatus: async () => {
      await until(
        'the health check to succeed',
        async () => {
          const check = await command('podman', ['healthcheck', 'run', name]);
          if ((await inspect('{{.State.Running}}')) === 'true') return check.code === 0;
          const logs = await command('podman', ['logs', name]);
          throw new Error(`The container has ended: ${logs.stdout}${logs.stderr}`);
        },
        30_000,
      );
      return inspect('{{.State.Health.Status}}');
    },
    isReady: () =>
      admin('/readyz').then(
        (response) => response.ok,
        () => false,
      ),
    metric: async (line) => readMetric(await (await admin('/metrics')).text(), line),
    start: async () => {
      await succeed('podman', ['start', name]);
    },
    stop: async () => {
      await succeed('podman', ['kill', '--signal', await inspect('{{.Config.StopSignal}}'), name]);
      return Number(await succeed('podman', ['wait', name]));
    },
    remove: async () => {
      await command('podman', ['rm', '--force', '--volumes', name]);
    },
  };
}

async function succeed(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await command(program, args, { env, timeoutMs: 240_000 });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}
