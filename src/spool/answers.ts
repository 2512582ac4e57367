/**
 * Tells waiters in the order of their appends, across the classes: a client that appended to `normal` and then to `alarm` is
 * answered in that order [MQTT-4.6.0-2], while a class that is held holds back only the clients that wait for it.
 *
 * A run is one waiter's consecutive appends to one group; runs stand in three parallel arrays, as an object per message would cost
 * more than the append.
 */
import type { Waiter } from '../ports.ts';

/** The appends that one commit makes durable together. */
export interface AnswerGroup {
  isDurable: boolean;
  /** Runs of this group that still wait in the queue. */
  runCount: number;
}

const COMPACT_AFTER = 4096;

export class Answers {
  #waiters: Waiter[] = [];
  #counts: number[] = [];
  #groups: AnswerGroup[] = [];
  #head = 0;
  /** Runs of durable groups that are still queued, behind a run that is not durable. */
  #durableRuns = 0;

  add(waiter: Waiter, group: AnswerGroup): void {
    const last = this.#waiters.length - 1;
    if (last >= this.#head && this.#waiters[last] === waiter && this.#groups[last] === group) {
      this.#counts[last] = (this.#counts[last] ?? 0) + 1;
      return;
    }
    this.#waiters.push(waiter);
    this.#counts.push(1);
    this.#groups.push(group);
    group.runCount++;
  }

  /** Answers whatever `group` having become durable allows. */
  durable(group: AnswerGroup): void {
    group.isDurable = true;
    this.#durableRuns += group.runCount;
    while (this.#head < this.#waiters.length && this.#groups[this.#head]?.isDurable === true) {
      const waiter = this.#waiters[this.#head];
      const count = this.#counts[this.#head] ?? 0;
      this.#head++;
      this.#durableRuns--;
      waiter?.onDurable(count);
    }
    if (this.#durableRuns > 0) this.#answerPastHeld();
    else if (this.#head === this.#waiters.length || this.#head > COMPACT_AFTER) this.#compact(this.#head);
  }

  /** These messages will never be durable: the journal closes while its disk fails. */
  fail(error: Error): void {
    const start = this.#head;
    const waiters = this.#waiters.slice(start);
    const counts = this.#counts.slice(start);
    this.#compact(this.#waiters.length);
    this.#durableRuns = 0;
    for (const [index, waiter] of waiters.entries()) waiter.onFailed(counts[index] ?? 0, error);
  }

  get isEmpty(): boolean {
    return this.#head === this.#waiters.length;
  }

  #answerPastHeld(): void {
    const waiters = this.#waiters.slice(this.#head);
    const counts = this.#counts.slice(this.#head);
    const groups = this.#groups.slice(this.#head);
    const blocked = new Set<Waiter>();
    const told: number[] = [];
    this.#waiters = [];
    this.#counts = [];
    this.#groups = [];
    this.#head = 0;
    for (const [index, waiter] of waiters.entries()) {
      const group = groups[index];
      if (group === undefined) continue;
      if (group.isDurable && !blocked.has(waiter)) {
        told.push(index);
        this.#durableRuns--;
        continue;
      }
      blocked.add(waiter);
      this.#waiters.push(waiter);
      this.#counts.push(counts[index] ?? 0);
      this.#groups.push(group);
    }
    // Last, as a waiter may append again while it is told.
    for (const index of told) waiters[index]?.onDurable(counts[index] ?? 0);
  }

  #compact(count: number): void {
    this.#waiters.splice(0, count);
    this.#counts.splice(0, count);
    this.#groups.splice(0, count);
    this.#head = 0;
  }
}
