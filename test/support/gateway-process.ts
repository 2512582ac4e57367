/** A real gateway in a process of its own, started from the build as a user would start it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from './until.ts';

const MAIN = join(import.meta.dirname, '../../dist/main.js');

export interface GatewayProcess {
  readonly pid: number;
  /** Ports in the order of the configuration's listeners. */
  readonly ports: readonly number[];
  readonly adminUrl: string;
  /** Everything logged so far, parsed. */
  readonly logs: readonly Readonly<Record<string, unknown>>[];
  metric(line: string): Promise<number>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export interface StartOptions {
  /** Put in front of `node`: strace, prlimit, … */
  readonly prefix?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Resolves once the gateway says that it is ready; rejects with its output when it ends instead. */
export async function startGatewayProcess(configFile: string, options: StartOptions = {}): Promise<GatewayProcess> {
  const [command, ...args] = [...(options.prefix ?? []), process.execPath, MAIN, 'run', '--config', configFile];
  const child = spawn(command ?? '', args, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const logs: Record<string, unknown>[] = [];
  const complaints: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) logs.push(JSON.parse(line) as Record<string, unknown>);
  });
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const ready = await until(
    'the gateway to be ready',
    () => {
      if (child.exitCode !== null)
        throw new Error(`the gateway ended with ${child.exitCode}:\n${complaints.join('\n')}\n${JSON.stringify(logs)}`);
      return logs.find((log) => log['msg'] === 'Gateway is ready.');
    },
    30_000,
  );
  const admin = ready['admin'] as { host: string; port: number };
  const adminUrl = `http://${admin.host}:${admin.port}`;
  return {
    pid: Number(ready['pid'] ?? child.pid),
    ports: (ready['listeners'] as { port: number }[]).map((listener) => listener.port),
    adminUrl,
    logs,
    metric: async (line) => readMetric(await (await fetch(`${adminUrl}/metrics`)).text(), line),
    stop: async () => {
      child.kill('SIGTERM');
      return (await exited)[0];
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The value of `name` or `name{label="x"}` in Prometheus text; 0 when it is not there. */
export function readMetric(text: string, name: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}
