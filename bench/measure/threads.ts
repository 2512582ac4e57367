/** CPU time of a process by thread, from Linux's /proc; elsewhere only this process's total is known. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ThreadCost } from '../case.ts';

/** Threads that cost less than this per message are summed up as `other`. */
const US_PER_MESSAGE_MIN = 0.01;
const TICKS_PER_SECOND = 100;
/** A process that wants less than this share of one core over the window has nothing to do. */
const IDLE_SHARE_MAX = 0.08;
const IDLE_WINDOW_MS = 200;

export interface CpuSample {
  /** Of the whole process, threads that have ended included. */
  readonly totalSeconds: number;
  /** Thread id → seconds on a CPU. Empty where the system does not tell. */
  readonly threads: ReadonlyMap<number, number>;
  readonly names: ReadonlyMap<number, string>;
}

/** Throws when the process has ended. `process.pid` works everywhere, others on Linux only. */
export function sampleCpu(pid: number): CpuSample {
  const threads = new Map<number, number>();
  const names = new Map<number, string>();
  if (process.platform !== 'linux') {
    if (pid !== process.pid) throw new Error('CPU time of another process can be read on Linux only.');
    const usage = process.cpuUsage();
    return { totalSeconds: (usage.user + usage.system) / 1e6, threads, names };
  }
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${task}`;
    try {
      threads.set(Number(task), secondsOf(folder));
      names.set(Number(task), Number(task) === pid ? 'main' : readFileSync(`${folder}/comm`, 'utf8').trim());
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  return { totalSeconds: totalOf(readFileSync(`/proc/${pid}/stat`, 'utf8')), threads, names };
}

export interface CpuCost {
  readonly totalUs: number;
  readonly threads: readonly ThreadCost[];
}

/** Cost per message of what happened between two samples. The total is the threads' where they are known: those count in ns, not in ticks. */
export function cpuCost(before: CpuSample, after: CpuSample, messages: number): CpuCost {
  const named = [...after.threads].map(([id, seconds]) => ({
    name: after.names.get(id) ?? String(id),
    usPerMessage: ((seconds - (before.threads.get(id) ?? 0)) * 1e6) / messages,
  }));
  named.sort((a, b) => Number(b.name === 'main') - Number(a.name === 'main') || b.usPerMessage - a.usPerMessage);
  const shown = named
    .filter((thread) => thread.usPerMessage >= US_PER_MESSAGE_MIN)
    .map((thread, rank) => (thread.name === 'main' ? thread : { ...thread, name: `${thread.name}#${rank}` }));
  const threadsUs = named.reduce((sum, thread) => sum + thread.usPerMessage, 0);
  const processUs = ((after.totalSeconds - before.totalSeconds) * 1e6) / messages;
  const otherUs = threadsUs - shown.reduce((sum, thread) => sum + thread.usPerMessage, 0);
  const threads = otherUs >= US_PER_MESSAGE_MIN ? [...shown, { name: 'other', usPerMessage: otherUs }] : shown;
  return { totalUs: Math.max(threadsUs, processUs), threads };
}

/** Resolves when a process has become idle, with its CPU time then and when (performance.now()) that was: all without asking it. */
export async function idle(
  pid: number,
  secondsMax: number,
): Promise<{ readonly cpu: CpuSample; readonly atMs: number }> {
  const untilMs = performance.now() + secondsMax * 1000;
  for (;;) {
    const last = { cpu: sampleCpu(pid), atMs: performance.now() };
    const before = wantedSeconds(pid);
    await delay(IDLE_WINDOW_MS);
    const atMs = performance.now();
    if (wantedSeconds(pid) - before < (IDLE_SHARE_MAX * (atMs - last.atMs)) / 1000) return last;
    if (atMs > untilMs) throw new Error(`Process ${pid} was still busy after ${secondsMax} s.`);
  }
}

/** Time that a process's threads were on a CPU or waited for one: on a crowded machine a busy thread may hardly run. */
function wantedSeconds(pid: number): number {
  let ns = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const [onCpu = 0, waiting = 0] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ').map(Number);
    ns += onCpu + waiting;
  }
  return ns / 1e9;
}

/** `VmHWM`: the most memory that was resident at once, bytes; null where the system does not tell. */
export function peakResidentBytes(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  const line = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return line?.[1] === undefined ? null : Number(line[1]) * 1024;
}

/** schedstat counts nanoseconds; kernels without it leave stat's ticks. */
function secondsOf(folder: string): number {
  try {
    return Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
  } catch (error) {
    if (!isGone(error)) throw error;
    return totalOf(readFileSync(`${folder}/stat`, 'utf8'));
  }
}

/** Fields 14 and 15 of proc(5) stat; the name in parentheses before them may hold anything. */
function totalOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ESRCH';
}
