import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

const SCRIPT = fileURLToPath(new URL('./aws_emulator.py', import.meta.url));
const PYTHON = process.env['PYTHON'] ?? 'python3';

export const EMULATOR_CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

/** False, with the reason on standard error, where Python or moto is missing. On CI nothing may be skipped: there it throws. */
export function isEmulatorAvailable(): boolean {
  const probe = spawnSync(PYTHON, ['-c', 'import moto.server, botocore'], { encoding: 'utf8' });
  if (probe.status === 0) return true;
  const cause = probe.stderr?.trim().split('\n').at(-1) ?? probe.error?.message;
  const reason = `The AWS emulator cannot run: ${PYTHON} has no moto[server] (python3 -m pip install 'moto[server]'): ${cause}`;
  if (process.env['CI'] !== undefined) throw new Error(reason);
  console.warn(`Skipped. ${reason}`);
  return false;
}

export interface EmulatorFault {
  readonly service: 'firehose' | 'sns' | 'iot-data' | 's3';
  readonly action?: string;
  readonly kind: 'throttle' | 'error' | 'partial' | 'lost' | 'delay' | 'hang' | 'reset' | 'truncate' | 'html';
  readonly times?: number;
  readonly skip?: number;
  readonly fail?: readonly number[];
  readonly seconds?: number;
  readonly code?: string;
  readonly status?: number;
}

export interface AwsEmulator {
  readonly url: string;
  addFaults(faults: readonly EmulatorFault[]): Promise<void>;
  clearFaults(): Promise<void>;
  /** Faults that have not fired as often as they should. */
  faultsLeft(): Promise<readonly EmulatorFault[]>;
  published(): Promise<readonly { readonly topic: string; readonly payload: string; readonly qos: number }[]>;
  calls(): Promise<
    readonly {
      readonly service: string;
      readonly action: string;
      readonly status: number;
      readonly fault: string | null;
    }[]
  >;
  flushFirehose(): Promise<void>;
  stop(): Promise<void>;
}

/** The third-party AWS emulator as a process of its own. */
export async function startAwsEmulator(): Promise<AwsEmulator> {
  const port = await freePort();
  const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = EMULATOR_CREDENTIALS;
  const env = { ...process.env, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
  const child = spawn(PYTHON, [SCRIPT, String(port)], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4_000);
  });
  const url = `http://127.0.0.1:${port}`;
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(`${url}${path}`, init);
    return (await response.json()) as T;
  };
  await until(
    `the AWS emulator to answer ${errors}`,
    async () => {
      if (child.exitCode !== null) throw new Error(`The AWS emulator ended: ${errors}`);
      return await call('GET', '/x/calls').then(
        () => true,
        () => false,
      );
    },
    60_000,
  );
  return {
    url,
    addFaults: async (faults) => void (await call('POST', '/x/faults', faults)),
    clearFaults: async () => void (await call('DELETE', '/x/faults')),
    faultsLeft: async () => {
      const faults = await call<EmulatorFault[]>('GET', '/x/faults');
      return faults.filter(({ times = 1 }) => times > 0);
    },
    published: () => call('GET', '/x/iot'),
    calls: () => call('GET', '/x/calls'),
    flushFirehose: async () => void (await call('POST', '/x/firehose/flush', {})),
    stop: () => end(child),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  await ended;
}
