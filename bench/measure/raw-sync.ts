/** The disk's own pace, to set the journal's against: one write and one fdatasync, one after the other, in a file that is there already. */
import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Histogram } from '../load/histogram.ts';

const FILE_BYTES = 8 * 1024 * 1024;
const WRITE_BYTES = 64 * 1024;

/** Median time of a write of 64 KiB with its fdatasync, ms. */
export function rawSyncMs(directory: string): number {
  const path = join(directory, 'raw-sync');
  const file = openSync(path, 'w');
  const times = new Histogram();
  try {
    writeSync(file, Buffer.alloc(FILE_BYTES));
    fsyncSync(file);
    const bytes = Buffer.alloc(WRITE_BYTES, 1);
    for (let at = 0; at < FILE_BYTES; at += WRITE_BYTES) {
      const startMs = performance.now();
      writeSync(file, bytes, 0, WRITE_BYTES, at);
      fdatasyncSync(file);
      times.record((performance.now() - startMs) * 1000);
    }
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
  return (times.percentileUs(0.5) ?? 0) / 1000;
}
