/**
 * Reads what `strace -f -xx -yy -e trace=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fdatasync,fsync` has written.
 *
 * A system call of one thread may be cut in two by those of others (`<unfinished ...>`, `<... resumed>`). strace holds a thread at
 * the beginning and at the end of each call until it has written the line, so the order of lines is the order of events: where the
 * end of one call stands above the beginning of another, it happened before.
 */
export interface Syscall {
  readonly name: string;
  /** What the descriptor is: a path, or `TCP:[local->remote]`. */
  readonly target: string;
  /** All buffers of a write, end to end, each as far as strace's -s goes. Empty for a sync. */
  readonly bytes: Buffer;
  readonly result: number;
  /** Line numbers at which the call began and returned. */
  readonly beganAt: number;
  readonly returnedAt: number;
}

const LINE = /^(\d+) +(?:[\d:.]+ )?(.*)$/;
const UNFINISHED = /^(.*?) *<unfinished \.\.\.>$/;
const RESUMED = /^<\.\.\. \w+ resumed>(.*)$/;
const CALL = /^(\w+)\(\d+<((?:->|[^>])*)>(.*)\) += (-?\d+)/;
const BUFFER = /"((?:\\x[0-9a-f]{2})*)"/g;

export function parseTrace(text: string): readonly Syscall[] {
  const calls: Syscall[] = [];
  const unfinished = new Map<string, { readonly text: string; readonly beganAt: number }>();
  for (const [number, line] of text.split('\n').entries()) {
    const [, thread = '', rest = ''] = LINE.exec(line) ?? [];
    const begun = UNFINISHED.exec(rest);
    if (begun !== null) {
      unfinished.set(thread, { text: begun[1] ?? '', beganAt: number });
      continue;
    }
    const resumed = RESUMED.exec(rest);
    const begin = resumed === null ? undefined : unfinished.get(thread);
    const call = parseCall((begin?.text ?? '') + (resumed === null ? rest : (resumed[1] ?? '')));
    if (call !== null) calls.push({ ...call, beganAt: begin?.beganAt ?? number, returnedAt: number });
  }
  return calls;
}

function parseCall(text: string): Omit<Syscall, 'beganAt' | 'returnedAt'> | null {
  const match = CALL.exec(text);
  if (match === null) return null;
  const [, name = '', target = '', args = '', result = ''] = match;
  const buffers = [...args.matchAll(BUFFER)];
  return {
    name,
    target: target.includes('\\x') ? unescaped(target).toString() : target,
    bytes: Buffer.concat(buffers.map(([, hex = '']) => unescaped(hex))),
    result: Number(result),
  };
}

function unescaped(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex');
}

export interface Acknowledgement {
  /** The first byte of the packet: 0x40 PUBACK, 0x50 PUBREC. */
  readonly type: number;
  readonly packetId: number;
  readonly beganAt: number;
}

/** The PUBACK and PUBREC packets that were written to the client at this port. */
export function acknowledgementsTo(clientPort: number, calls: readonly Syscall[]): readonly Acknowledgement[] {
  const found: Acknowledgement[] = [];
  for (const { target, bytes, beganAt } of calls) {
    if (!target.startsWith('TCP') || !target.endsWith(`:${clientPort}]`)) continue;
    for (let at = 0; at + 1 < bytes.length; at += 2 + bytes.readUInt8(at + 1)) {
      const type = bytes.readUInt8(at);
      if (type === 0x40 || type === 0x50) found.push({ type, packetId: bytes.readUInt16BE(at + 2), beganAt });
    }
  }
  return found;
}

/**
 * The line at which a sync returned that covers a message: it began after the write of the message's id to a file had returned, it
 * is of the same file, and it succeeded. null when there is none: nothing made the message durable.
 */
export function durableAt(id: string, calls: readonly Syscall[]): number | null {
  let earliest: number | null = null;
  for (const write of calls) {
    if (write.target.startsWith('TCP') || write.result <= 0 || !write.bytes.includes(id)) continue;
    const sync = calls.find(
      ({ name, target, result, beganAt }) =>
        (name === 'fdatasync' || name === 'fsync') &&
        target === write.target &&
        result === 0 &&
        beganAt > write.returnedAt,
    );
    if (sync !== undefined && (earliest === null || sync.returnedAt < earliest)) earliest = sync.returnedAt;
  }
  return earliest;
}
