import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createEvents } from '../src/events.ts';
import { createMetrics } from '../src/metrics.ts';

function setup() {
  const lines: string[] = [];
  const metrics = createMetrics();
  const events = createEvents(pino({}, { write: (line: string) => void lines.push(line) }), metrics);
  return { events, metrics, logged: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

const valuesOf = async (gauge: { get(): Promise<{ values: { value: number; labels: object }[] }> }) =>
  (await gauge.get()).values.map(({ value, labels }) => ({ value, ...labels }));

describe('events', () => {
  it('name the rule of dead letters that never came to an action', async () => {
    const { events, metrics, logged } = setup();
    events.deadLettersWritten('oven', '', 'MESSAGE_NOT_JSON', 2, 'The payload is not JSON.');
    expect(logged()[0]).toMatchObject({ rule: 'oven', action: '', code: 'MESSAGE_NOT_JSON', messageCount: 2 });
    expect(await valuesOf(metrics.actionDeadLettered)).toEqual([]);
    events.deadLettersWritten('oven', 'oven/0', 'MESSAGE_NOT_JSON', 2, 'x');
    expect(await valuesOf(metrics.actionDeadLettered)).toEqual([{ value: 2, action: 'oven/0' }]);
  });

  it('tell which rule set is in force, and since when', async () => {
    const { events, metrics } = setup();
    const before = Date.now() / 1_000;
    events.ruleSetInForce('aa', 3);
    events.ruleSetInForce('bb', 4);
    expect(await valuesOf(metrics.ruleSetInfo)).toEqual([{ value: 1, hash: 'bb' }]);
    const [since] = await valuesOf(metrics.ruleSetTime);
    expect(since?.value).toBeGreaterThanOrEqual(Math.floor(before));
  });

  it('tell when a configuration was last found right, and not when one was refused', async () => {
    const { events, metrics } = setup();
    events.reloadRefused([]);
    expect(await valuesOf(metrics.reloadTime)).toEqual([{ value: 0 }]);
    events.reloadApplied(1, false, [], []);
    const [last] = await valuesOf(metrics.reloadTime);
    expect(last?.value).toBeGreaterThan(1_000_000_000);
  });
});
