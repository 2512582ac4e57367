/**
 * scrypt in a worker thread of its own. Node's asynchronous scrypt runs on the libuv pool, where a flood of logins would stand in
 * front of the journal's fdatasync.
 *
 * One thread means one hash at a time: 32 MiB and one core at most, however many clients ask. `waitingMax` bounds those that wait.
 */
import { Worker } from 'node:worker_threads';
import { asError } from '../errors.ts';
import type { PasswordHash } from './secret-format.ts';

/** At about 0.1 s per hash the last one waits longer than a client may take to connect. */
const waitingMax = 128;
const SCRYPT_BYTES = 32;
/** scrypt takes 128·N·r bytes; the largest N that is accepted takes 128 MiB. */
const MEMORY_BYTES_MAX = 160 * 1024 * 1024;

/** Plain CommonJS text, so that it runs the same from sources and from a build. */
const workerSource = `
const { parentPort } = require('node:worker_threads');
const { scryptSync } = require('node:crypto');
parentPort.on('message', ({ id, password, salt, byteLength, N, r, p, maxmem }) => {
  parentPort.postMessage({ id, hash: scryptSync(password, salt, byteLength, { N, r, p, maxmem }) });
});`;

interface Waiting {
  readonly resolve: (hash: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

export class PasswordHasher {
  #worker: Worker | null = null;
  #nextId = 0;
  readonly #waiting = new Map<number, Waiting>();

  get isBusy(): boolean {
    return this.#waiting.size >= waitingMax;
  }

  /** Rejects when too many wait, and when the worker dies or is closed. */
  hash(password: Uint8Array, parameters: Omit<PasswordHash, 'hash'>): Promise<Uint8Array> {
    if (this.isBusy) return Promise.reject(new Error('Too many passwords wait to be checked.'));
    const worker = this.#worker ?? this.#start();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({
        id,
        password,
        salt: parameters.salt,
        byteLength: SCRYPT_BYTES,
        N: 2 ** parameters.log2N,
        r: parameters.blockSize,
        p: parameters.parallelization,
        maxmem: MEMORY_BYTES_MAX,
      });
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#fail(new Error('The broker is closing.'));
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(workerSource, { eval: true });
    worker.unref();
    worker.on('message', (answer: { id: number; hash: Uint8Array }) => {
      this.#waiting.get(answer.id)?.resolve(answer.hash);
      this.#waiting.delete(answer.id);
    });
    worker.on('error', (thrown) => this.#fail(asError(thrown)));
    this.#worker = worker;
    return worker;
  }

  #fail(error: Error): void {
    this.#worker = null;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
