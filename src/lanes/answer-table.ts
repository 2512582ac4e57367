/** The calls that a slab's rules make to services: what was answered, and what is still to be asked. */
import type { ExternalAnswer, ExternalCall } from '../external-call.ts';
import type { AnsweredCall, PendingCall } from '../lane-protocol.ts';

export class AnswerTable {
  readonly #answers = new Map<string, ExternalAnswer>();
  readonly #pending = new Map<string, PendingCall>();

  constructor(answered: readonly AnsweredCall[]) {
    for (const { sequence, call, answer } of answered) this.#answers.set(keyOf(sequence, call), answer);
  }

  /** null: it has not been asked. */
  find(sequence: number, call: ExternalCall): ExternalAnswer | null {
    return this.#answers.get(keyOf(sequence, call)) ?? null;
  }

  /** Each call of a message once, however many rules make it. */
  ask(sequence: number, calls: readonly ExternalCall[]): void {
    for (const call of calls) this.#pending.set(keyOf(sequence, call), { sequence, call });
  }

  get pending(): readonly PendingCall[] {
    return [...this.#pending.values()];
  }
}

function keyOf(sequence: number, call: ExternalCall): string {
  return `${sequence} ${call.function} ${call.parameters}`;
}
