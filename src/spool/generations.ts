/**
 * Generations: runs of messages that have to be evaluated in one go, before anything of the next run. A new one begins
 * - with another rule set: messages are evaluated under the set in force when they were acknowledged;
 * - with another lane count: a client's messages may belong to another lane than before, and must not overtake its old ones.
 *
 * Every segment belongs to one generation, so a class begins a new segment with each; what a start finds is put in order here.
 */

import type { Segment } from './segment.ts';
import type { PerClass } from './spool-parts.ts';

export interface Generation {
  /** Rises from generation to generation; from 1. */
  readonly index: number;
  /** Hash of the rule set, 32 hex digits. */
  readonly ruleSet: string;
  /** 0 = not known. */
  readonly laneCount: number;
}

/** A store that has written nothing in this run. */
interface Recovered {
  readonly segments: readonly Segment[];
}

export class Generations {
  readonly #list: Generation[];
  #newest: Generation;

  /** Those of the segments that a start found, in which `segment.generation` is set, then the one of this run. */
  constructor(recovered: PerClass<Recovered>, ruleSet: string, laneCount: number) {
    this.#list = generationsOf(recovered, ruleSet);
    const last = this.#list.at(-1);
    const isSame = last !== undefined && last.ruleSet === ruleSet && last.laneCount === laneCount;
    this.#newest = isSame ? last : { index: (last?.index ?? 0) + 1, ruleSet, laneCount };
    if (!isSame) this.#list.push(this.#newest);
  }

  /** What is appended now belongs to it. */
  get newest(): Generation {
    return this.#newest;
  }

  /** From the oldest that is not over to the newest. */
  get all(): readonly Generation[] {
    return this.#list;
  }

  begin(ruleSet: string): Generation {
    this.#newest = { index: this.#newest.index + 1, ruleSet, laneCount: this.#newest.laneCount };
    this.#list.push(this.#newest);
    return this.#newest;
  }

  /** Those before `index` are over. */
  dropBefore(index: number): void {
    while ((this.#list[0]?.index ?? index) < index) this.#list.shift();
  }
}

/**
 * Generations in order of their first sequences over both classes, consecutive equal ones merged. Within a class the order of segments
 * counts, whatever damage made of their sequences.
 */
function generationsOf({ alarm, normal }: PerClass<Recovered>, ruleSet: string): Generation[] {
  const generations: Generation[] = [];
  const alarms = withData(alarm.segments, ruleSet);
  const normals = withData(normal.segments, ruleSet);
  while (alarms.length > 0 || normals.length > 0) {
    const isAlarm = (alarms[0]?.firstSequence ?? Infinity) < (normals[0]?.firstSequence ?? Infinity);
    const segment = (isAlarm ? alarms : normals).shift();
    if (segment === undefined) break;
    const last = generations.at(-1);
    if (last === undefined || last.ruleSet !== segment.ruleSet || last.laneCount !== segment.laneCount) {
      const { laneCount } = segment;
      generations.push({ index: generations.length + 1, ruleSet: segment.ruleSet, laneCount });
    }
    segment.generation = generations.length;
  }
  return generations;
}

/**
 * Where a header was lost, the set of the segment before it is taken, else of the one after it, else the one in force. Its lane count
 * stays unknown, which keeps everything before and after it apart.
 */
function withData(segments: readonly Segment[], ruleSet: string): Segment[] {
  let known = segments.find((segment) => segment.ruleSet !== '')?.ruleSet ?? ruleSet;
  for (const segment of segments) {
    if (segment.ruleSet === '') segment.ruleSet = known;
    known = segment.ruleSet;
  }
  return segments.filter((segment) => segment.messageCount > 0);
}
