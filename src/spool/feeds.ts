/** The feeds of all lanes, and the gate that takes them from generation to generation. */
import type { MessageClass } from '../message.ts';
import type { FeedHandlers } from './api.ts';
import { GenerationGate } from './generation-gate.ts';
import { LaneFeed } from './lane-feed.ts';
import type { SpoolParts } from './spool-parts.ts';

const CLASSES: readonly MessageClass[] = ['alarm', 'normal'];

export class Feeds {
  readonly #gate: GenerationGate;
  readonly #feeds: readonly LaneFeed[];

  constructor(parts: SpoolParts, handlers: FeedHandlers) {
    const { streams, progress, deadLetters, buffers, options, generations } = parts;
    const { events, clock, laneCount } = options;
    this.#gate = new GenerationGate({
      laneCount,
      generations,
      ruleSet: options.ruleSet.hash,
      isCommitted: (index) => CLASSES.every((name) => parts.journals[name].oldestUncommitted > index),
      hasData: (index) => CLASSES.some((name) => hasData(parts, name, index)),
      onRuleSet: (hash) => tellRuleSet(parts, handlers, hash),
      onOpened: () => this.wakeAll(),
      clock,
      onError: (error) => events.spoolStepFailed('changing the rule set', error),
    });
    this.#feeds = streams.map(
      ({ alarm, normal }, lane) =>
        new LaneFeed({
          lane,
          alarm,
          normal,
          gate: this.#gate,
          handlers,
          progress,
          deadLetters,
          buffers,
          clock,
          onError: (error) => events.spoolStepFailed(`reading for lane ${lane}`, error),
        }),
    );
  }

  /** The newest generation is being evaluated, and none waits for its turn. */
  get isNewest(): boolean {
    return this.#gate.isNewest;
  }

  /** Nothing is evaluated until `onRuleSet` has succeeded. */
  get isChangingRuleSet(): boolean {
    return this.#gate.isSwitching;
  }

  get isIdle(): boolean {
    return this.isNewest && this.#feeds.every((feed) => feed.isIdle);
  }

  /** By lane. */
  get bytesInFlight(): readonly number[] {
    return this.#feeds.map((feed) => feed.bytesInFlight);
  }

  start(): void {
    this.#gate.start();
    for (const feed of this.#feeds) feed.start();
  }

  wake(lane: number): void {
    this.#feeds[lane]?.wake();
  }

  /** Lanes that have nothing to do look whether the next generation may begin. */
  wakeAll(): void {
    for (const feed of this.#feeds) feed.wake();
  }

  async stop(): Promise<void> {
    this.#gate.stop();
    await Promise.all(this.#feeds.map((feed) => feed.stop()));
  }
}

/** Of this generation something is on the disk that was not settled before this start. */
function hasData({ stores, progress }: SpoolParts, name: MessageClass, index: number): boolean {
  return stores[name].segments.some(
    (segment) =>
      segment.generation === index &&
      segment.messageCount > 0 &&
      !(segment.isRecovered && progress.isDone(segment.firstSequence, segment.lastSequence)),
  );
}

async function tellRuleSet({ ruleSets, options }: SpoolParts, handlers: FeedHandlers, hash: string): Promise<void> {
  const text = await ruleSets.read(hash);
  if (text === null) options.events.ruleSetLost(hash);
  await handlers.onRuleSet(hash, text);
}
