/**
 * The gateway's books. What happens per message is counted in plain numbers here and carried to the metrics when they are read:
 * a labelled counter costs more than the message's own framing.
 *
 * The balance: received = unmatched + evaluated + dropped + in flight.
 */
import type { Metrics } from './metrics.ts';

export class Books {
  readonly #metrics: Metrics;
  readonly #receivedByQos = [0, 0, 0];
  #receivedBytes = 0;
  #unmatched = 0;
  #journaled = 0;
  #evaluated = 0;
  readonly #dropped = new Map<string, number>();
  /** What of the above the metrics already have. */
  readonly #carried = new Map<string, number>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  received(qos: 0 | 1 | 2, payloadBytes: number, isMatched: boolean): void {
    this.#receivedByQos[qos] = (this.#receivedByQos[qos] ?? 0) + 1;
    this.#receivedBytes += payloadBytes;
    if (!isMatched) this.#unmatched++;
  }

  /** A message that was received, and goes nowhere. */
  dropped(reason: string): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }

  /** A message went to the journal. Counted apart from `received`, so that the balance can fail when one of them is wrong. */
  journaled(): void {
    this.#journaled++;
  }

  evaluated(messages: number): void {
    this.#evaluated += messages;
  }

  get inFlight(): number {
    return this.#journaled - this.#evaluated;
  }

  /** Brings the metrics up to date. */
  carry(): void {
    const metrics = this.#metrics;
    this.#receivedByQos.forEach((count, qos) => {
      this.#carryOne(`received ${qos}`, count, (delta) => metrics.messagesReceived.inc({ qos: String(qos) }, delta));
    });
    this.#carryOne('bytes', this.#receivedBytes, (delta) => metrics.messagesReceivedBytes.inc(delta));
    this.#carryOne('unmatched', this.#unmatched, (delta) => metrics.messagesUnmatched.inc(delta));
    this.#carryOne('evaluated', this.#evaluated, (delta) => metrics.messagesEvaluated.inc(delta));
    for (const [reason, count] of this.#dropped) {
      this.#carryOne(`dropped ${reason}`, count, (delta) => metrics.messagesDropped.inc({ reason }, delta));
    }
    metrics.messagesInFlight.set(this.inFlight);
  }

  #carryOne(name: string, count: number, add: (delta: number) => void): void {
    const delta = count - (this.#carried.get(name) ?? 0);
    if (delta === 0) return;
    this.#carried.set(name, count);
    add(delta);
  }
}
