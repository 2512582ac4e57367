/** The messages of the load as documents, for cases that begin behind the broker and the decoder. */
import { payloadText, SEQUENCE_FIRST, seededRandom } from './payload.ts';

export interface BenchDocument {
  readonly [field: string]: number | string | boolean;
}

/** JSON texts numbered from SEQUENCE_FIRST on, as the generator stamps them. */
export function payloadTexts(count: number): string[] {
  const random = seededRandom(1);
  return Array.from({ length: count }, (_, index) => {
    const device = `press-${String(index % 10_000).padStart(6, '0')}`;
    return payloadText(device, random).replace(String(SEQUENCE_FIRST), String(SEQUENCE_FIRST + index));
  });
}

export function documents(count: number): BenchDocument[] {
  return payloadTexts(count).map((text) => JSON.parse(text) as BenchDocument);
}
