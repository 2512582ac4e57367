/** Marked blocks of hand-written pages that are filled by a function: `<!-- name:begin -->` … `<!-- name:end -->`. */

/** @throws if the page has no such block. */
export function fillBlock(text: string, name: string, content: string): string {
  const begin = `<!-- ${name}:begin -->\n`;
  const end = `<!-- ${name}:end -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The page has no block named ${name}.`);
  return `${text.slice(0, from + begin.length)}${content}${text.slice(to)}`;
}
