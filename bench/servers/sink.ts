/**
 * The least that can stand at the other end: a process that accepts every CONNECT, frames PUBLISH packets, acknowledges, forgets.
 * What the generator reaches against it is the generator's ceiling. Told nothing; tells its port.
 */
import { createServer, type Socket } from 'node:net';

const CONNACK = Buffer.from([0x20, 2, 0, 0]);
const PINGRESP = Buffer.from([0xd0, 0]);
const CHUNK_PACKETS_MAX = 65_536;

const acks = Buffer.alloc(CHUNK_PACKETS_MAX * 4);

/** Answers the whole packets in `bytes`; returns what is left of the last one. */
export function answer(bytes: Buffer, write: (reply: Buffer) => void): Buffer {
  let at = 0;
  let replied = 0;
  while (bytes.length - at >= 2) {
    let length = 0;
    let position = at + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[position++];
      if (byte === undefined) return finish();
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (position + length > bytes.length) break;
    const first = bytes[at] ?? 0;
    if (first >> 4 === 3 && (first & 0x06) !== 0) {
      const id = position + 2 + ((bytes[position] ?? 0) << 8) + (bytes[position + 1] ?? 0);
      acks[replied] = 0x40;
      acks[replied + 1] = 2;
      acks[replied + 2] = bytes[id] ?? 0;
      acks[replied + 3] = bytes[id + 1] ?? 0;
      replied += 4;
    } else if (first >> 4 === 1) write(CONNACK);
    else if (first >> 4 === 12) write(PINGRESP);
    at = position + length;
  }
  return finish();

  function finish(): Buffer {
    if (replied > 0) write(Buffer.from(acks.subarray(0, replied)));
    return bytes.subarray(at);
  }
}

export function serveSink(): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = answer(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), (reply) => socket.write(reply));
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      resolve({
        port,
        close() {
          server.close();
          for (const socket of sockets) socket.destroy();
        },
      });
    });
  });
}
