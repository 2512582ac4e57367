/** A server under test: a child process, awaited until it listens, ended by its process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const READY_SECONDS_MAX = 60;
const STOP_SECONDS_MAX = 30;
const POLL_MS = 20;
const OUTPUT_KEPT_BYTES_MAX = 16_384;

interface Ending {
  /** null: killed. */
  readonly code: number | null;
  /** The end of what it printed. */
  readonly output: string;
}

export interface Server {
  readonly pid: number;
  readonly port: number;
  /** Asks it to end; kills it when it has not within the time. */
  stop(): Promise<Ending>;
}

/** A server that is told its port. `stdout`: whether to keep what it prints there for its `output`, or to let it go nowhere. */
export async function startOnPort(
  command: string,
  parameters: readonly string[],
  port: number,
  stdout: 'kept' | 'ignored',
): Promise<Server> {
  const child = track(spawn(command, parameters, { stdio: ['ignore', stdout === 'kept' ? 'pipe' : 'ignore', 'pipe'] }));
  return ready(child, port, collect(child.stdout, child.stderr));
}

/** A Node.js module that prints its port and ends when its standard input does. */
export async function startModule(path: string): Promise<Server> {
  const child = track(spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', 'pipe'] }));
  const output = collect(child.stderr);
  const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => ['0'])]);
  return ready(child, Number(String(line).trim()), output);
}

/** A port that nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('No port is free.');
  return address.port;
}

async function ready(child: ChildProcess, port: number, output: () => string): Promise<Server> {
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`It ended with code ${code}: ${output()}`)));
  });
  failed.catch(() => {});
  const untilMs = performance.now() + READY_SECONDS_MAX * 1000;
  while (!(await Promise.race([listens(port), failed]))) {
    if (performance.now() > untilMs) {
      child.kill('SIGKILL');
      throw new Error(`It did not listen on port ${port} within ${READY_SECONDS_MAX} s: ${output()}`);
    }
    await delay(POLL_MS);
  }
  const pid = child.pid ?? 0;
  return { pid, port, stop: () => stop(child, output) };
}

async function stop(child: ChildProcess, output: () => string): Promise<Ending> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS_MAX * 1000);
    await ended;
    clearTimeout(timer);
  }
  return { code: child.exitCode, output: output() };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function collect(...streams: readonly (NodeJS.ReadableStream | null)[]): () => string {
  let text = '';
  for (const stream of streams)
    stream?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-OUTPUT_KEPT_BYTES_MAX);
    });
  return () => text;
}

const running = new Set<ChildProcess>();

/** No server outlives the bench, even when it is interrupted. */
function track<T extends ChildProcess>(child: T): T {
  if (running.size === 0) process.once('exit', killAll);
  running.add(child);
  child.once('exit', () => {
    running.delete(child);
    if (running.size === 0) process.off('exit', killAll);
  });
  return child;
}

function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}
