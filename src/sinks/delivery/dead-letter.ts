/** An entry that can never be delivered, as it is kept for an operator. */
import { CodedError, type ErrorCode } from '../../errors.ts';
import type { ActionPlan, DeadLetter, Entry } from '../../message.ts';
import { entryBytes } from '../entry-bytes.ts';

export function codeOf(cause: Error): ErrorCode {
  return cause instanceof CodedError ? cause.code : 'ENTRY_REJECTED';
}

export async function deadLetterOf(plan: ActionPlan, entry: Entry, cause: Error): Promise<DeadLetter> {
  return {
    code: codeOf(cause),
    reason: cause.message,
    ruleName: plan.ruleName,
    action: plan.id,
    topic: '',
    clientId: '',
    receivedAt: entry.receivedAt,
    first: entry.first,
    last: entry.last,
    messageCount: entry.messageCount,
    content: 'entry',
    destination: entry.destination,
    body: await entryBytes(entry),
  };
}
