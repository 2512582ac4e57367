/** The calls that a slab's rules make to services: what was answered, and what is still to be asked. */
import type { ExternalAnswer, ExternalCall } from '../external-call.ts';
import type { PendingCall, SlabTask } from '../lane-protocol.ts';

/** A payload decides how long the arrays are that a nested SELECT goes over. */
const CALLS_PER_MESSAGE_MAX = 1_000;

const TOO_MANY: ExternalAnswer = { isOk: false, reason: `A message may ask services ${CALLS_PER_MESSAGE_MAX} times.` };
const TOO_DEEP: ExternalAnswer = { isOk: false, reason: 'Too many calls depend on one another.' };

export class AnswerTable {
  readonly #answers = new Map<string, ExternalAnswer>();
  readonly #countBySequence = new Map<number, number>();
  readonly #pending = new Map<string, PendingCall>();
  readonly #mayAsk: boolean;

  constructor({ answers = [], isLastRound = false }: Pick<SlabTask, 'answers' | 'isLastRound'>) {
    this.#mayAsk = !isLastRound;
    for (const { sequence, call, answer } of answers) {
      this.#answers.set(keyOf(sequence, call), answer);
      this.#count(sequence);
    }
  }

  /** null: it has not been asked. */
  find(sequence: number, call: ExternalCall): ExternalAnswer | null {
    const answer = this.#answers.get(keyOf(sequence, call));
    if (answer !== undefined) return answer;
    if (!this.#mayAsk) return TOO_DEEP;
    return (this.#countBySequence.get(sequence) ?? 0) < CALLS_PER_MESSAGE_MAX ? null : TOO_MANY;
  }

  /** Each call of a message once, however many rules make it. Those that are too many are found refused in the next round. */
  ask(sequence: number, calls: readonly ExternalCall[]): void {
    for (const call of calls) {
      const key = keyOf(sequence, call);
      if (this.#pending.has(key)) continue;
      if ((this.#countBySequence.get(sequence) ?? 0) >= CALLS_PER_MESSAGE_MAX) return;
      this.#count(sequence);
      this.#pending.set(key, { sequence, call });
    }
  }

  get pending(): readonly PendingCall[] {
    return [...this.#pending.values()];
  }

  #count(sequence: number): void {
    this.#countBySequence.set(sequence, (this.#countBySequence.get(sequence) ?? 0) + 1);
  }
}

function keyOf(sequence: number, call: ExternalCall): string {
  return `${sequence} ${call.function} ${call.parameters}`;
}
