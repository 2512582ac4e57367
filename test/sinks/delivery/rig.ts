import { pino } from 'pino';
import { writeBlock } from '../../../src/codec/avro/container.ts';
import { compress } from '../../../src/codec/compress.ts';
import { Output } from '../../../src/codec/output.ts';
import { createEvents } from '../../../src/events.ts';
import type { ActionPlan, DeadLetter, Entry, Originals, Part } from '../../../src/message.ts';
import { createMetrics } from '../../../src/metrics.ts';
import type { Outbox } from '../../../src/ports.ts';
import { createDelivery, type DeliveryServices } from '../../../src/sinks/delivery/delivery.ts';
import type { ObjectFiles } from '../../../src/sinks/delivery/object-files.ts';
import { defaultLimits } from '../../../src/sinks/delivery-schema.ts';
import { type Assembly, DELIVERED, type Outcome, type PumpLimits, type Sink } from '../../../src/sinks/sink.ts';

const ACTION: ActionPlan = {
  id: 'press/0',
  ruleName: 'press',
  type: 'fake',
  form: 'each',
  codec: 'null',
  separator: '',
  schema: null,
  destination: {},
  fields: {},
  sourceTimePath: '',
  class: 'normal',
  keepsOriginals: false,
};

/** An outbox by the contract of the port, in memory; `failures` are met by the next puts. */
export class MemoryOutbox implements Outbox {
  entries: Entry[] = [];
  readonly taken = new Set<Entry>();
  readonly failures: Error[] = [];
  readonly calls: string[] = [];
  /** Entries may become durable in another order than they were put; they are taken in the order they were put. */
  untilDurable: (entry: Entry) => Promise<void> = () => Promise.resolve();
  readonly #ordinals = new Map<Entry, number>();
  #ordinalNext = 0;
  #ordinalFirst = 0;

  get count(): number {
    return this.entries.length;
  }

  get bytes(): number {
    return this.entries.reduce(
      (sum, { body }) => sum + (body.kind === 'bytes' ? body.bytes.length : body.byteLength),
      0,
    );
  }

  get oldestReceivedAt(): number | null {
    return this.entries.length === 0 ? null : Math.min(...this.entries.map(({ receivedAt }) => receivedAt));
  }

  put(entry: Entry): Promise<void> {
    return this.#putAt(() => this.#ordinalNext++, entry);
  }

  putFirst(entry: Entry): Promise<void> {
    return this.#putAt(() => --this.#ordinalFirst, entry);
  }

  async #putAt(ordinalOf: () => number, entry: Entry): Promise<void> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const ordinal = ordinalOf();
    await this.untilDurable(entry);
    this.#ordinals.set(entry, ordinal);
    const index = this.entries.findIndex((other) => (this.#ordinals.get(other) ?? 0) > ordinal);
    this.entries.splice(index < 0 ? this.entries.length : index, 0, entry);
    this.calls.push(`put ${entry.id}`);
  }

  async take(countMax: number, bytesMax: number): Promise<readonly Entry[]> {
    const found: Entry[] = [];
    let bytes = 0;
    for (const entry of this.entries) {
      if (this.taken.has(entry)) continue;
      bytes += entry.body.kind === 'bytes' ? entry.body.bytes.length : entry.body.byteLength;
      if (found.length >= countMax || (found.length > 0 && bytes > bytesMax)) break;
      found.push(entry);
    }
    for (const entry of found) this.taken.add(entry);
    return found;
  }

  async remove(entries: readonly Entry[]): Promise<void> {
    if (!entries.every((entry) => this.taken.has(entry)))
      throw new Error('only entries that were taken can be removed');
    this.entries = this.entries.filter((entry) => !entries.includes(entry));
    for (const entry of entries) this.taken.delete(entry);
  }

  untake(entries: readonly Entry[]): void {
    for (const entry of entries) this.taken.delete(entry);
  }
}

export interface RigOptions {
  readonly assembly?: Assembly;
  readonly limits?: Partial<PumpLimits>;
  readonly deliver?: (entries: readonly Entry[], signal: AbortSignal) => Promise<readonly Outcome[]>;
  readonly services?: Partial<DeliveryServices>;
  readonly outbox?: MemoryOutbox;
  readonly files?: ObjectFiles;
  readonly plan?: Partial<ActionPlan>;
}

/** A delivery over a sink that does what the test says. */
export function rig(options: RigOptions = {}) {
  const outbox = options.outbox ?? new MemoryOutbox();
  const letters: DeadLetter[] = [];
  const letterFailures: Error[] = [];
  const metrics = createMetrics();
  const log: { readonly message: string }[] = [];
  const events = createEvents(
    pino({ level: 'info' }, { write: (line: string) => log.push({ message: JSON.parse(line).msg as string }) }),
    metrics,
  );
  const batches: (readonly Entry[])[] = [];
  let isClosed = false;
  const sink: Sink = {
    deliver(entries, signal) {
      batches.push(entries);
      return options.deliver?.(entries, signal) ?? Promise.resolve(entries.map(() => DELIVERED));
    },
    async check() {},
    async close() {
      isClosed = true;
    },
  };
  const services: DeliveryServices = {
    gatewayId: 'gw-1',
    lakeDir: '/nonexistent',
    objectsDir: '/nonexistent',
    outbox,
    deadLetters: {
      async put(added) {
        const failure = letterFailures.shift();
        if (failure !== undefined) throw failure;
        letters.push(...added);
      },
    },
    events,
    metrics,
    clock: () => Date.now(),
    random: () => 0.999,
    containerHeader: () => Buffer.from('HEADER'),
    packBlock: (_schemaId, codec, count, records) => {
      const block = new Output(records.length + 64);
      writeBlock(block, count, records, codec, Buffer.alloc(16, 's'));
      return block.written();
    },
    gzip: (bytes) => compress('gzip', bytes),
    onRejected: async () => null,
    republish: async () => {},
    write: async () => {},
    ...options.services,
  };
  const plan = { ...ACTION, ...options.plan };
  const delivery = createDelivery(
    {
      plan,
      options: {
        assembly: options.assembly ?? { kind: 'each' },
        limits: defaultLimits(options.limits),
        open: () => sink,
      },
    },
    services,
    options.files,
  );
  const settled: number[] = [];
  const accept = (n: number, part: Part) => delivery.accept(part, () => settled.push(n));
  const value = async (name: keyof typeof metrics) => {
    const metric = metrics[name];
    if (!('get' in metric)) throw new Error(name);
    return (await metric.get()).values.reduce((sum, { value: of }) => sum + of, 0);
  };
  const balance = async () => ({
    emitted: await value('actionEmitted'),
    delivered: await value('actionDelivered'),
    inFlight: await value('actionInFlight'),
    deadLettered: await value('actionDeadLettered'),
    dropped: await value('actionDropped'),
  });
  return {
    delivery,
    outbox,
    letters,
    letterFailures,
    metrics,
    log,
    batches,
    settled,
    accept,
    balance,
    isClosed: () => isClosed,
  };
}

/** A part of whole messages, cut at each. */
export function part(first: number, bodies: readonly string[], more: Partial<Part> = {}): Part {
  const pieces = bodies.map((body) => Buffer.from(body));
  let end = 0;
  const ends = pieces.map((piece) => {
    end += piece.length;
    return end;
  });
  return {
    action: 0,
    destination: '{}',
    schemaId: '',
    packing: 'packed',
    bytes: Buffer.concat(pieces),
    ends,
    originals: null,
    messageCount: bodies.length,
    rawBytes: bodies.length * 200,
    encodedBytes: end,
    first,
    last: first + bodies.length - 1,
    receivedAt: 1_700_000_000_000 + first,
    hops: 0,
    ...more,
  };
}

/** What stands for the messages behind the bodies of a part: their texts in capitals, eight bytes each. */
export function originalsOf(bodies: readonly string[]): Originals {
  const bytes = Buffer.concat(bodies.map((body) => Buffer.from(body.toUpperCase().padEnd(8))));
  return { bytes, ends: bodies.map((_, index) => 8 * (index + 1)) };
}

export function textOf({ body }: Entry): string {
  return body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : `file of ${body.byteLength}`;
}
