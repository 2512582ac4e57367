/** A rendered template, cut at its slashes, with what a message brought told from what the author wrote. */

export interface Segment {
  readonly text: string;
  /** A template stands in it, even if it inserted nothing. */
  readonly isInserted: boolean;
}

/** `pieces`: literal text and inserted values by turns, a literal first. Slashes in inserted values cut as any other. */
export function segmentsOf(pieces: readonly string[], encode: (value: string) => string): readonly Segment[] {
  const segments: Segment[] = [];
  let text = '';
  let isInserted = false;
  for (const [index, piece] of pieces.entries()) {
    const isValue = index % 2 === 1;
    const [first = '', ...rest] = (isValue ? encode(piece) : piece).split('/');
    text += first;
    isInserted ||= isValue;
    for (const next of rest) {
      segments.push({ text, isInserted });
      text = next;
      isInserted = isValue;
    }
  }
  segments.push({ text, isInserted });
  return segments;
}
