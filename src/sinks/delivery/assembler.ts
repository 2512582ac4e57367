/** What the three ways from parts to entries have in common. */
import type { Part } from '../../message.ts';
import type { Bundle, Settlement } from './settlement.ts';

export interface Assembler {
  /** Removes what a crash left behind. Before the first `accept`. */
  start(): Promise<void>;
  /** Takes over the caller's hold on `settlement`. */
  accept(part: Part, settlement: Settlement): void;
  /** Resolves when all that was open has been emitted. */
  flush(): Promise<void>;
  /** Ends timers and closes files; what is open is dropped, unsettled. */
  close(): Promise<void>;
  /** Bytes held open, and how many of them in memory. */
  readonly bytesOpen: number;
  readonly bytesInMemory: number;
  /** Receive time (epoch ms) of the oldest message held open. */
  readonly oldestReceivedAt: number | null;
}

export type Emit = (bundle: Bundle) => void;

/** Safe in file names, S3 keys and SNS ids; sequences are padded so that names sort as they count. */
export function entryId(action: string, first: number, last: number, suffix: string): string {
  const pad = (sequence: number) => String(sequence).padStart(12, '0');
  return `${action.replaceAll('/', '-')}-${pad(first)}-${pad(last)}-${suffix}`;
}

/** The share of `total` that items [from, to) of `count` have; shares of adjacent ranges add up to `total` exactly. */
export function share(total: number, from: number, to: number, count: number): number {
  return Math.floor((total * to) / count) - Math.floor((total * from) / count);
}

/** Rendered destination fields. A lane made the text from an object of texts. */
export function parseDestination(text: string): Readonly<Record<string, string>> {
  const value: unknown = JSON.parse(text);
  const fields: Record<string, string> = {};
  if (typeof value === 'object' && value !== null) {
    for (const [name, field] of Object.entries(value)) fields[name] = String(field);
  }
  return fields;
}
