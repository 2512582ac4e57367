/**
 * One object while it grows: a `.open` file that is written behind, not synced until it is sealed. Nothing depends on it before
 * that: the journal still has its messages, and a restart removes it.
 *
 * Every failed write is repeated at its position until it succeeds. A failed fsync is not repeated on the same file, as the kernel
 * may have dropped what it could not write and calls it clean: the bytes are read back, checked against the running checksum, and
 * written to another file.
 */
import { crc32 } from 'node:zlib';
import { asError } from '../../errors.ts';
import type { ObjectFile, ObjectFiles } from './object-files.ts';

const CHUNK_BYTES = 1024 * 1024;
const REWRITES_MAX = 5;

export interface SealedObject {
  readonly path: string;
  readonly byteLength: number;
  readonly checksum: number;
}

export class OpenObject {
  readonly #files: ObjectFiles;
  readonly #pause: (cause: Error) => Promise<void>;
  #path: string;
  #file: ObjectFile | null = null;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #position = 0;
  #checksum = 0;
  #writing: Promise<void> | null = null;
  #isClosed = false;

  /** `pause` waits between attempts, and rejects when the gateway stops. */
  constructor(path: string, files: ObjectFiles, pause: (cause: Error) => Promise<void>) {
    this.#path = path;
    this.#files = files;
    this.#pause = pause;
  }

  get byteLength(): number {
    return this.#position + this.#queuedBytes;
  }

  /** Not yet handed to the file system. */
  get bytesInMemory(): number {
    return this.#queuedBytes;
  }

  append(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    // A failure ends only with the gateway; `seal` reports it.
    if (this.#writing === null) this.#start();
  }

  /** Resolves when all is written and synced, and the file closed. Rejects when it cannot be saved. */
  async seal(): Promise<SealedObject> {
    while (this.#writing !== null) await this.#writing;
    if (this.#isClosed) throw new Error('The object was closed before it was sealed.');
    for (let rewrites = 0; ; rewrites++) {
      try {
        await this.#file?.sync();
        await this.close();
        return { path: this.#path, byteLength: this.#position, checksum: this.#checksum };
      } catch (thrown) {
        if (rewrites >= REWRITES_MAX) throw asError(thrown);
        await this.#pause(asError(thrown));
        await this.#rewrite();
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  #start(): void {
    this.#writing = this.#write().finally(() => {
      this.#writing = null;
    });
    this.#writing.catch(() => {});
  }

  async #write(): Promise<void> {
    while (this.#queue.length > 0 && !this.#isClosed) {
      const [bytes, count] = this.#gather();
      await this.#writeOnce(bytes);
      this.#queue.splice(0, count);
      this.#queuedBytes -= bytes.length;
      this.#position += bytes.length;
      this.#checksum = crc32(bytes, this.#checksum);
    }
  }

  async #writeOnce(bytes: Uint8Array): Promise<void> {
    for (;;) {
      try {
        const file = await this.#opened();
        await file?.write(bytes, this.#position);
        return;
      } catch (thrown) {
        await this.#pause(asError(thrown));
      }
    }
  }

  /** null: it was closed while the file was being made, which nobody else would close. */
  async #opened(): Promise<ObjectFile | null> {
    if (this.#file !== null) return this.#file;
    const file = await this.#files.create(this.#path);
    if (this.#isClosed) await file.close();
    else this.#file = file;
    return this.#file;
  }

  /** The next write: queued pieces up to about a mebibyte in one. */
  #gather(): [Uint8Array, number] {
    let bytes = 0;
    let count = 0;
    for (const piece of this.#queue) {
      if (count > 0 && bytes + piece.length > CHUNK_BYTES) break;
      bytes += piece.length;
      count++;
    }
    const [only] = this.#queue;
    if (count === 1 && only !== undefined) return [only, 1];
    return [Buffer.concat(this.#queue.slice(0, count), bytes), count];
  }

  async #rewrite(): Promise<void> {
    const path = `${this.#path}~`;
    const file = await this.#files.create(path);
    let position = 0;
    let checksum = 0;
    for await (const chunk of this.#files.read(this.#path)) {
      await file.write(chunk, position);
      position += chunk.length;
      checksum = crc32(chunk, checksum);
    }
    const old = this.#file;
    this.#file = file;
    this.#path = path;
    await old?.close().catch(() => {});
    if (position !== this.#position || checksum !== this.#checksum) {
      throw new Error(
        'An object could not be synced, and its bytes cannot be read back; a restart brings its messages again.',
      );
    }
  }
}
