/**
 * Chance that is none: rand(), newuuid() and traceid() derive from the message's receive time and sequence, so that a message that
 * is evaluated again after a restart yields what it did before. Nothing secret may depend on them.
 */
import { createHash } from 'node:crypto';
import type { EvaluationContext } from '../context.ts';

/** From 0 up to 1, with 48 bits. */
export function unitInterval(context: EvaluationContext): number {
  return digestOf(context, 'rand').readUIntBE(0, 6) / 2 ** 48;
}

/** A UUID of version 4 in form. Each `purpose` has its own. */
export function uuidOf(context: EvaluationContext, purpose: string): string {
  const bytes = digestOf(context, purpose);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function digestOf(context: EvaluationContext, purpose: string): Buffer {
  return createHash('sha256').update(`${purpose}|${context.timestamp}|${context.sequence}|${context.topic}`).digest();
}
