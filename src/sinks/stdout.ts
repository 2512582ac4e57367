/** Messages as JSON lines on standard output: to look at a rule, or to feed another program. */
import { z } from 'zod';
import { asError } from '../errors.ts';
import type { Entry } from '../message.ts';
import { basePlan, commonShape, defaultLimits } from './delivery-schema.ts';
import { DELIVERED, defineSink, type Outcome, planned, type Sink, type SinkServices } from './sink.ts';

const stdoutLimits = { recordBytesMax: 65_536, latencyMs: 100 } as const;

export const stdoutDefinition = defineSink({
  type: 'stdout',
  summary: 'Messages as JSON lines on standard output.',
  action: z.strictObject({}),
  delivery: z.strictObject({ ...commonShape }),
  templates: [],
  limits: stdoutLimits,
  example: `stdout: {}
`,
  plan(_action, delivery) {
    return planned(
      basePlan('stdout', delivery, { form: 'lines', separator: '\n', destination: {} }),
      {
        assembly: { kind: 'lines', ...stdoutLimits, countMax: 10_000 },
        limits: defaultLimits({ batchCountMax: 1 }),
        open: (services) => new StdoutSink(services),
      },
      [],
    );
  },
});

class StdoutSink implements Sink {
  readonly #services: SinkServices;

  constructor(services: SinkServices) {
    this.#services = services;
  }

  async deliver(entries: readonly Entry[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const entry of entries) outcomes.push(await this.#write(entry));
    return outcomes;
  }

  async #write(entry: Entry): Promise<Outcome> {
    if (entry.body.kind === 'file') return { status: 'rejected', cause: new Error('Standard output takes no files.') };
    try {
      await this.#services.write(entry.body.bytes);
      return DELIVERED;
    } catch (thrown) {
      return { status: 'retry', cause: asError(thrown) };
    }
  }

  async check(): Promise<void> {
    await this.#services.write(new Uint8Array(0));
  }

  async close(): Promise<void> {}
}
