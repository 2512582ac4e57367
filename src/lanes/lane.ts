/**
 * The worker's entry: piscina calls the exported function with one task at a time. Slabs and part bytes go back by transfer.
 *
 * The first setup comes as the worker's data, so that a worker started after a death knows its rules before its first slab. It is
 * compiled with the first task and not while the script loads: a failure is then that task's, and is told.
 */
import { workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import type { LaneSetup, LaneTask, SlabResult } from '../lane-protocol.ts';
import { createLane, type Lane } from './evaluate.ts';

let lane: Lane | null = null;

// biome-ignore lint/style/noDefaultExport: piscina looks for the task function there.
export default function run(task: LaneTask): unknown {
  lane ??= createLane(workerData as LaneSetup);
  switch (task.kind) {
    case 'start':
      return null;
    case 'setup':
      lane.configure(task.setup);
      return null;
    case 'failures':
      return moved(lane.report(task));
    case 'slab':
      return moved(lane.run(task));
  }
}

/** Tells piscina what to transfer: the slab, and one buffer per action, which that action's parts share. */
function moved(result: SlabResult): unknown {
  const buffers = new Set<ArrayBufferLike>([result.bytes]);
  for (const part of result.parts) buffers.add(part.bytes.buffer);
  for (const letter of result.deadLetters) buffers.add(letter.body.buffer);
  return move({
    get [transferableSymbol]() {
      return [...buffers];
    },
    get [valueSymbol]() {
      return result;
    },
  } as unknown as Parameters<typeof move>[0]);
}
