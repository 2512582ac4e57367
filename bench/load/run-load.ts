/** The bench's side of the generator: starts its process, passes on its marks, returns its report. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LoadMessage, LoadPlan, LoadReport } from './plan.ts';

/** Past warm-up, measuring and twice settling (connecting, draining): for starting up and encoding. */
const SPARE_SECONDS = 30;

export interface LoadMarks {
  /** Called as the measured time begins and ends; must be quick, as the load goes on meanwhile. */
  started(): void;
  ended(): void;
}

export async function runLoad(plan: LoadPlan, marks: LoadMarks): Promise<LoadReport> {
  const child = fork(fileURLToPath(new URL('./process.js', import.meta.url)));
  const secondsMax = plan.warmupSeconds + plan.seconds + 2 * plan.settleSecondsMax + SPARE_SECONDS;
  let timer: NodeJS.Timeout | null = null;
  try {
    return await new Promise<LoadReport>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`The generator took over ${secondsMax} s.`)), secondsMax * 1000);
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`The generator ended early with code ${code}.`)));
      child.on('message', (message: LoadMessage) => {
        switch (message.kind) {
          case 'started':
            return marks.started();
          case 'ended':
            return marks.ended();
          case 'done':
            return resolve(message.report);
          case 'failed':
            return reject(new Error(`The generator failed: ${message.reason}`));
        }
      });
      child.send(plan);
    });
  } finally {
    if (timer !== null) clearTimeout(timer);
    if (child.exitCode === null) child.kill();
  }
}
