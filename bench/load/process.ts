/** The generator's own process: told a plan, tells what `LoadMessage` lists, ends. */
import { LoadGenerator } from './generator.ts';
import type { LoadMessage, LoadPlan } from './plan.ts';

function tell(message: LoadMessage): void {
  process.send?.(message);
}

process.once('message', (plan: LoadPlan) => {
  new LoadGenerator(plan)
    .run({
      started: (counts) => tell({ kind: 'started', counts }),
      ended: (counts) => tell({ kind: 'ended', counts }),
    })
    .then((report) => tell({ kind: 'done', report }))
    .catch((error: Error) => tell({ kind: 'failed', reason: error.message }))
    .finally(() => process.disconnect());
});

// After the report, or because the bench is gone: there is nobody left to load for.
process.once('disconnect', () => process.exit());
