import { describe, expect, it } from 'vitest';
import { ErrorActions, type ErrorActionsServices } from '../src/error-actions.ts';
import { CodedError } from '../src/errors.ts';
import type { FailuresTask } from '../src/lane-protocol.ts';
import { createLane } from '../src/lanes/evaluate.ts';
import type { ActionPlan, DeadLetter, Entry, Part } from '../src/message.ts';
import { container, entriesOf, plan, rule, setup, slab } from './lanes/lane-scene.ts';
import { bytesEntry } from './sinks/entries.ts';
import { until } from './support/until.ts';

const SQL = "SELECT * FROM 'plant/#'";
const firehose = plan({
  id: 'r/0',
  type: 'firehose',
  keepsOriginals: true,
  destination: { deliveryStreamName: '${s}' },
});
const errorPlan = plan({ id: 'r/error', type: 'republish', destination: { topic: 'errors' } });
const cause = new CodedError('MESSAGE_TOO_LARGE', 'The record is too large.');

/** Entries of so many messages each, as a lane and an assembler make them; the first message has the sequence `first`. */
function entriesFor(first: number, ...counts: readonly number[]): Entry[] {
  const lane = createLane(setup([rule(SQL, { errorAction: 1 })], [firehose, errorPlan]));
  let sequence = first;
  return counts.map((count) => {
    const messages = Array.from({ length: count }, (_, index) => ({ payload: { n: sequence + index } }));
    const [part] = lane.run(slab(messages, sequence)).parts;
    sequence += count;
    const entry = bytesEntry(part?.first ?? 0, part?.bytes ?? '', { deliveryStreamName: 'telemetry' });
    return { ...entry, messageCount: count, last: part?.last ?? 0, originals: part?.originals?.bytes ?? null };
  });
}

/** Error actions over one real lane; the delivery settles when the test says so. */
function scene(more: Partial<ErrorActionsServices> = {}, actions: readonly ActionPlan[] = [firehose, errorPlan]) {
  let lane = createLane(setup([rule(SQL, { errorAction: 1 })], actions, []));
  const tasks: { readonly lane: number; readonly task: FailuresTask }[] = [];
  const accepted: { readonly part: Part; readonly settled: () => void }[] = [];
  const letters: DeadLetter[] = [];
  const services: ErrorActionsServices = {
    laneCount: 2,
    async run(index, task) {
      tasks.push({ lane: index, task });
      return lane.report(task);
    },
    accept: (part, settled) => accepted.push({ part, settled }),
    async keepDeadLetters(added) {
      letters.push(...added);
    },
    async freeze(inferred) {
      const schemas = inferred.map(({ text }) => ({ name: 'r/error', text }));
      lane = createLane(setup([rule(SQL, { errorAction: 1 })], actions, schemas));
    },
    ...more,
  };
  const errorActions = new ErrorActions();
  /** True once the documents are settled; false where a dead letter is needed. */
  const reject = async (entry: Entry | undefined, of = firehose) => {
    const handover = await errorActions.reject(entry as Entry, of, cause);
    await handover?.settled;
    return handover !== null;
  };
  const payloads = () =>
    accepted
      .flatMap(({ part }) => entriesOf(part))
      .map((text) => JSON.parse(text) as { base64OriginalPayload: string })
      .map(({ base64OriginalPayload }) => Buffer.from(base64OriginalPayload, 'base64').toString());
  return { errorActions, services, reject, tasks, accepted, letters, payloads };
}

function started(...parameters: Parameters<typeof scene>) {
  const made = scene(...parameters);
  made.errorActions.start(made.services);
  return made;
}

describe('an error action', () => {
  it('has been told when its documents are settled, and not before', async () => {
    const { reject, accepted, payloads } = started();
    const [entry] = entriesFor(1, 2);
    let answer: boolean | null = null;
    const rejected = reject(entry).then((isTold) => {
      answer = isTold;
    });
    await until('documents', () => accepted.length > 0);
    expect([payloads(), answer]).toEqual([['{"n":1}', '{"n":2}'], null]);
    const [document] = accepted.flatMap(({ part }) => entriesOf(part));
    expect((JSON.parse(document ?? '') as { failures: unknown }).failures).toEqual([
      {
        failedAction: 'FirehoseAction',
        failedResource: 'telemetry',
        errorMessage: 'MESSAGE_TOO_LARGE: The record is too large.',
      },
    ]);
    for (const { settled } of accepted) settled();
    await rejected;
    expect(answer).toBe(true);
  });

  const settling: Partial<ErrorActionsServices> = { accept: (_, settled) => settled() };

  it('hears of a message once: a second entry with it is a dead letter, its other messages are told', async () => {
    const told: Part[] = [];
    const { reject } = started({
      accept: (part, settled) => {
        told.push(part);
        settled();
      },
    });
    const [first, second] = entriesFor(1, 1, 2);
    const originals = Buffer.concat([first, second].map((entry) => entry?.originals ?? Buffer.alloc(0)));
    const both = { ...(second as Entry), originals };
    expect(await reject(first)).toBe(true);
    expect(await reject(first, { ...firehose, id: 'r/1' })).toBe(false);
    expect(told.map(({ first: sequence, messageCount }) => [sequence, messageCount])).toEqual([[1, 1]]);
    expect(await reject(both)).toBe(false);
    expect(told.map(({ first: sequence, messageCount }) => [sequence, messageCount])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('hears of a message once even while it is being told', async () => {
    const { reject, accepted } = started();
    const [entry] = entriesFor(1, 1);
    const rejected = reject(entry);
    expect(await reject(entry)).toBe(false);
    await until('documents', () => accepted.length > 0);
    for (const { settled } of accepted) settled();
    expect(await rejected).toBe(true);
  });

  it('of another rule hears of the same message on its own', async () => {
    const { reject, tasks } = started(settling);
    const [entry] = entriesFor(1, 1);
    await reject(entry);
    await reject(entry, { ...firehose, ruleName: 'other' });
    expect(tasks.map(({ task }) => task.ruleName)).toEqual(['r', 'other']);
  });

  it('is not told of messages that a lane told it of, nor of entries without originals', async () => {
    const { reject, tasks } = started(settling);
    const lane = createLane(
      setup([rule(SQL, { actions: [0, 2], errorAction: 1 })], [firehose, errorPlan, container({ id: 'r/1' })]),
    );
    const parts = lane.run(slab([{ payload: { id: 1, temperature: 'hot' } }])).parts;
    const originals = parts.find(({ action }) => action === 0)?.originals?.bytes ?? null;
    expect(originals).not.toBeNull();
    expect(await reject({ ...bytesEntry(1, 'x'), originals })).toBe(false);
    expect(await reject(bytesEntry(2, 'x'))).toBe(false);
    expect(tasks).toEqual([]);
  });

  it('is told by another lane when a worker dies, and by none after three', async () => {
    let deaths = 0;
    const lanes: number[] = [];
    const { services } = scene(settling);
    const { reject } = started({
      ...settling,
      async run(lane, task) {
        lanes.push(lane);
        if (deaths-- > 0) throw new Error('The worker died.');
        return services.run(lane, task);
      },
    });
    const [first, second] = entriesFor(1, 1, 1);
    deaths = 2;
    expect(await reject(first)).toBe(true);
    expect(lanes).toEqual([0, 1, 0]);
    deaths = 3;
    expect(await reject(second)).toBe(false);
    expect(lanes).toHaveLength(6);
    // It was not told, so it may be.
    expect(await reject(second)).toBe(true);
  });

  it('whose document cannot be encoded leaves a dead letter of its own, and the entry becomes one, too', async () => {
    // Only of press-1 can it write that it failed.
    const client = { name: 'clientId', type: { type: 'enum', name: 'Client', symbols: ['press1'] } };
    const text = JSON.stringify({ type: 'record', name: 'Document', fields: [client] });
    const actions = [firehose, container({ id: 'r/error', schema: 'strict' })];
    const lane = createLane(setup([rule(SQL, { errorAction: 1 })], actions, [{ name: 'strict', text }]));
    const { reject, letters, tasks } = started({
      ...settling,
      async run(index, task) {
        tasks.push({ lane: index, task });
        return lane.report(task);
      },
    });
    const clients = ['press2', 'press1'].map((clientId) => ({ payload: {}, clientId }));
    const originals = lane.run(slab(clients, 1)).parts[0]?.originals?.bytes ?? null;
    expect(await reject({ ...bytesEntry(1, 'x'), originals })).toBe(false);
    expect(letters.map(({ action, code, first }) => [action, code, first])).toEqual([
      ['r/error', 'MESSAGE_SCHEMA_MISMATCH', 1],
    ]);
    // It has heard of press1, and of press2 as far as it can.
    expect(await reject({ ...bytesEntry(1, 'x'), originals })).toBe(false);
    expect(tasks).toHaveLength(1);
  });

  it('that packs into Avro has its schema frozen before it is told the first time', async () => {
    const { reject, accepted } = started({}, [firehose, container({ id: 'r/error', schema: null })]);
    const rejected = reject(entriesFor(1, 1)[0]);
    await until('documents', () => accepted.length > 0);
    expect(accepted[0]?.part.schemaId).not.toBe('');
    accepted[0]?.settled();
    expect(await rejected).toBe(true);
  });

  it('is told later what is refused before the gateway has started', async () => {
    const { errorActions, services, reject, tasks } = scene(settling);
    const rejected = reject(entriesFor(1, 1)[0]);
    await Promise.resolve();
    expect(tasks).toEqual([]);
    errorActions.start(services);
    expect(await rejected).toBe(true);
  });

  it('remembers the latest of the messages that it was told of, however many', async () => {
    const { reject } = started(settling);
    // Every other one, so that no two make a range.
    const entries = entriesFor(1, ...Array.from({ length: 2_100 }, () => 1)).filter((_, index) => index % 2 === 0);
    for (const entry of entries) await reject(entry);
    expect(await reject(entries.at(-1))).toBe(false);
    expect(await reject(entries.at(-1_024))).toBe(false);
    expect(await reject(entries[0])).toBe(true);
  });
});
