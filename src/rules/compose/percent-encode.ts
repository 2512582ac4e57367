/** Every match of `pattern` (one code point each) as `%XX` for each byte of its UTF-8, a lone surrogate as if it had one. */
export function percentEncode(text: string, pattern: RegExp): string {
  return text.replace(pattern, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const isLone = code >= 0xd800 && code <= 0xdfff;
    // Buffer would make U+FFFD of all lone surrogates alike.
    const bytes = isLone
      ? [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]
      : Buffer.from(character);
    return Array.from(bytes, (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
  });
}
