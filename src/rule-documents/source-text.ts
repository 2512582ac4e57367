/** Bytes of a file as text. PowerShell writes what a command prints as UTF-16; elsewhere it is UTF-8. */

/** null: neither. */
export function sourceText(bytes: Uint8Array): string | null {
  const [first, second] = bytes;
  const isLittleEndian = first === 0xff && second === 0xfe;
  const isBigEndian = first === 0xfe && second === 0xff;
  const encoding = isLittleEndian ? 'utf-16le' : isBigEndian ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    // The bytes are of another encoding, or of none.
    return null;
  }
}
