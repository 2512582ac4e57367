/** For "Did you mean …?": the name with the fewest edits, if they are few. */
export function nearest(name: string, names: readonly string[]): string | null {
  const editsMax = Math.max(1, Math.floor(name.length / 3));
  let best: string | null = null;
  let bestEdits = editsMax + 1;
  for (const candidate of names) {
    const edits = editsBetween(name.toLowerCase(), candidate.toLowerCase());
    if (edits < bestEdits) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

/** Levenshtein distance. Names longer than this are not compared: the cost is the product of both lengths. */
const CHARACTERS_MAX = 64;

function editsBetween(left: string, right: string): number {
  if (left.length > CHARACTERS_MAX) return CHARACTERS_MAX;
  let previous = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (let i = 1; i <= left.length; i++) {
    const current = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = (previous[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      current.push(Math.min(change, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
