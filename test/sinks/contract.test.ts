import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { createActionSchema, sinkDefinitions } from '../../src/sinks/index.ts';
import type { Outcome } from '../../src/sinks/sink.ts';
import { type FaultName, type Harness, harnesses } from './harnesses.ts';

const unsignalled = () => new AbortController().signal;
const statuses = (outcomes: readonly Outcome[]) => outcomes.map(({ status }) => status);

describe.each(sinkDefinitions.map((definition) => [definition.type, definition] as const))(
  'sink %s',
  (type, definition) => {
    it('has a harness', () => {
      expect(Object.keys(harnesses[type] ?? {}).length).toBeGreaterThan(0);
    });

    it('has an example that is valid and can be planned', () => {
      const example = parse(definition.example) as Record<string, unknown>;
      const parsed = createActionSchema().safeParse(example);
      expect(parsed.error?.issues ?? []).toEqual([]);
      const context = { aws: { region: 'eu-west-1' }, isAwsKnown: true, schemaNames: [] };
      const result = definition.plan(example[type], example['delivery'], context);
      expect(result.problems).toEqual([]);
      expect(result.plan).toMatchObject({ type });
      for (const field of Object.keys(result.plan?.destination ?? {})) {
        expect(definition.templates.map((template) => template.field)).toContain(field.split('.')[0]);
      }
    });

    it('refuses unknown keys in both parts, and names them', () => {
      const example = parse(definition.example) as Record<string, object>;
      const context = { aws: { region: 'eu-west-1' }, isAwsKnown: true, schemaNames: [] };
      const result = definition.plan({ ...example[type], bogus: 1 }, { ...example['delivery'], fromat: 1 }, context);
      expect(result.plan).toBeNull();
      expect(result.problems.map(({ path, code }) => [path.join('.'), code])).toEqual([
        [`${type}.bogus`, 'CONFIG_KEY_UNKNOWN'],
        ['delivery.fromat', 'CONFIG_KEY_UNKNOWN'],
      ]);
    });

    describe.each(Object.entries(harnesses[type] ?? {}))('%s', (_way, open) => {
      async function opened(): Promise<Harness> {
        const harness = await open();
        onTestFinished(async () => {
          await harness.sink.close();
          await harness.close();
        });
        return harness;
      }

      /** As many as its pump would hand over, three at most. */
      function some(harness: Harness) {
        const count = Math.min(3, harness.options.limits.batchCountMax);
        return Array.from({ length: count }, (_, index) => harness.entry(index, `{"n":${index}}`));
      }

      const bodies = (count: number) => Array.from({ length: count }, (_, index) => `{"n":${index}}`);

      it('delivers entries in order, with an outcome for each', async () => {
        const harness = await opened();
        const entries = some(harness);
        expect(statuses(await harness.sink.deliver(entries, unsignalled()))).toEqual(entries.map(() => 'delivered'));
        expect(harness.accepted()).toEqual(bodies(entries.length));
      });

      it('has a destination that answers its check', async () => {
        const harness = await opened();
        await harness.sink.check(unsignalled());
      });

      /** Runs the case, or records why the sink cannot meet the fault. */
      function meets(fault: FaultName, behaviour: string, run: (harness: Harness) => Promise<void>) {
        it(`${fault}: ${behaviour}`, async () => {
          const harness = await opened();
          const inject = harness.faults[fault];
          if (typeof inject === 'string') {
            expect(inject).toMatch(/\.$/);
            return;
          }
          inject();
          await run(harness);
        });
      }

      meets('partial', 'only the entry that failed is to be sent again', async (harness) => {
        const entries = some(harness);
        const outcomes = await harness.sink.deliver(entries, unsignalled());
        expect(statuses(outcomes)).toEqual(['delivered', 'retry', 'delivered']);
        const again = entries.filter((_, index) => outcomes[index]?.status === 'retry');
        expect(statuses(await harness.sink.deliver(again, unsignalled()))).toEqual(['delivered']);
        expect([...harness.accepted()].sort()).toEqual(bodies(3));
      });

      meets('throttled', 'what was not accepted is to be sent again', async (harness) => {
        const entries = some(harness);
        const outcomes = await harness.sink.deliver(entries, unsignalled());
        expect(statuses(outcomes)).toEqual(entries.map(() => 'retry'));
        expect(harness.accepted()).toEqual([]);
        expect(statuses(await harness.sink.deliver(entries, unsignalled()))).toEqual(entries.map(() => 'delivered'));
      });

      meets('lost', 'an answer that is lost after the work was done is to be sent again', async (harness) => {
        const [entry = harness.entry(0, '')] = some(harness);
        expect(statuses(await harness.sink.deliver([entry], unsignalled()))).toEqual(['retry']);
        expect(harness.accepted()).toEqual(bodies(1));
        expect(statuses(await harness.sink.deliver([entry], unsignalled()))).toEqual(['delivered']);
      });

      meets('invalid', 'an entry that can never be delivered is rejected', async (harness) => {
        const [entry = harness.entry(0, '')] = some(harness);
        expect(statuses(await harness.sink.deliver([entry], unsignalled()))).toEqual(['rejected']);
      });

      meets('denied', 'expired credentials hold the sink', async (harness) => {
        const entries = some(harness);
        const outcomes = await harness.sink.deliver(entries, unsignalled());
        expect(statuses(outcomes)).toEqual(entries.map(() => 'held'));
        expect(harness.accepted()).toEqual([]);
      });

      meets('notThere', 'a missing destination holds the sink', async (harness) => {
        const entries = some(harness);
        expect(statuses(await harness.sink.deliver(entries, unsignalled()))).toEqual(entries.map(() => 'held'));
      });

      meets('silent', 'the deadline ends a call that is never answered', async (harness) => {
        const entries = some(harness);
        const controller = new AbortController();
        const delivering = harness.sink.deliver(entries, controller.signal);
        setTimeout(() => controller.abort(), 50);
        expect(statuses(await delivering)).toEqual(entries.map(() => 'retry'));
      });

      for (const fault of ['html', 'truncated', 'reset'] as const) {
        meets(fault, 'an answer that is none is to be sent again', async (harness) => {
          const entries = some(harness);
          const outcomes = await harness.sink.deliver(entries, unsignalled());
          expect(outcomes[0]?.status).toBe('retry');
          const again = entries.filter((_, index) => outcomes[index]?.status === 'retry');
          expect(statuses(await harness.sink.deliver(again, unsignalled()))).toEqual(again.map(() => 'delivered'));
          expect(harness.accepted()).toEqual(bodies(entries.length));
        });
      }

      it('size: accepts the largest, refuses one byte more, and delivers what stands beside it', async () => {
        const harness = await opened();
        const { size } = harness;
        if (typeof size === 'string') {
          expect(size).toMatch(/\.$/);
          return;
        }
        const largest = harness.entry(0, Buffer.alloc(size.lastAccepted, 'a'));
        expect(statuses(await harness.sink.deliver([largest], unsignalled()))).toEqual(['delivered']);
        const tooLarge = harness.entry(1, Buffer.alloc(size.firstRefused, 'a'));
        const beside = harness.entry(2, 'beside');
        const outcomes = await harness.sink.deliver([tooLarge, beside], unsignalled());
        expect(statuses(outcomes)).toEqual(['rejected', 'delivered']);
        expect(outcomes[0]).toMatchObject({ cause: { code: 'MESSAGE_TOO_LARGE' } });
        expect(harness.accepted().map((body) => body.length)).toEqual([size.lastAccepted, 6]);
      });
    });
  },
);
