/**
 * The rule sets that messages in the journal were acknowledged under: a folder, one file per set, `<hash, 32 hex digits>.json`.
 *
 * Invariants
 * - A set is durable before the first message is acknowledged under it: contents fsync → rename → directory fsync → its first segment.
 * - It stays as long as a segment names it, or may come to name it: the newest set, one that was prepared, one whose messages are not
 *   evaluated yet.
 * - What fails its checksum counts as lost, and is replaced when the same set comes again.
 * - Names that are not ours are left alone. `.preparing` is what a crash left of one, and a start removes it.
 *
 * A file is one JSON object: `{"version":1,"sha256":"<of the text in UTF-8, hex>","text":"…"}`.
 */
import { createHash } from 'node:crypto';
import { asError, CodedError, invariant } from '../errors.ts';
import type { RuleSetDocument } from './api.ts';
import { type Files, makeDirectories, readAll, writeAll } from './files.ts';

/** Of the text of one set, in UTF-8. */
export const RULE_SET_BYTES_MAX = 32 * 1024 * 1024;
const VERSION = 1;
const HASH = /^[0-9a-f]{32}$/;
const NAME = /^([0-9a-f]{32})\.json(\.preparing)?$/;

export class RuleSets {
  readonly #files: Files;
  readonly #isReferenced: (hash: string) => boolean;
  readonly #dir: string;
  #current: RuleSetDocument;
  /** The last one that was prepared and not taken into force. */
  #prepared: RuleSetDocument | null = null;
  /** Of the files that are there, as far as they are ours. */
  readonly #stored: Set<string>;
  /** Durable in this run; the rest of `#stored` was not looked into. */
  readonly #durable = new Set<string>();
  /** Writing and removing exclude each other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    files: Files,
    dir: string,
    current: RuleSetDocument,
    isReferenced: (hash: string) => boolean,
    stored: Set<string>,
  ) {
    this.#files = files;
    this.#dir = dir;
    this.#current = current;
    this.#isReferenced = isReferenced;
    this.#stored = stored;
  }

  /**
   * Makes the folder and looks what is there; writes no set. `spoolDir` exists; `current` is in force from the start on;
   * `isReferenced` is true while a segment, or a message that will be in one, belongs to the set.
   */
  static async open(
    files: Files,
    spoolDir: string,
    current: RuleSetDocument,
    isReferenced: (hash: string) => boolean,
  ): Promise<RuleSets> {
    check(current);
    const dir = await makeDirectories(files, spoolDir, 'rule-sets');
    const stored = new Set<string>();
    for (const name of await files.list(dir)) {
      const [, hash = '', preparing] = NAME.exec(name) ?? [];
      if (preparing !== undefined) await files.unlink(`${dir}/${name}`);
      else if (hash !== '') stored.add(hash);
    }
    return new RuleSets(files, dir, current, isReferenced, stored);
  }

  /** Makes a set durable. Throws CONFIG_VALUE_INVALID if it is too large, and whatever the disk throws. */
  async prepare(set: RuleSetDocument): Promise<void> {
    check(set);
    // At once: from here on its file is not removed.
    if (set.hash !== this.#current.hash) this.#prepared = set;
    await this.#exclusively(() => this.#store(set));
  }

  /** Takes the set prepared last into force. */
  cut(hash: string): void {
    if (hash === this.#current.hash) return;
    const prepared = this.#prepared;
    invariant(prepared?.hash === hash && this.#durable.has(hash), 'a rule set is prepared before it is cut.');
    this.#current = prepared;
    this.#prepared = null;
  }

  /** Before a segment names `hash`. Only the set given at the start can still be missing: the disk may have been full. */
  async ensure(hash: string): Promise<void> {
    if (this.#durable.has(hash) || hash !== this.#current.hash) return;
    const current = this.#current;
    await this.#exclusively(() => this.#store(current));
  }

  /** null when its document is missing or damaged. */
  async read(hash: string): Promise<string | null> {
    for (const known of [this.#current, this.#prepared]) if (known?.hash === hash) return known.text;
    return this.#stored.has(hash) ? await this.#read(hash) : null;
  }

  /** Removes the files of sets that nothing refers to. */
  async removeUnreferenced(): Promise<void> {
    if (![...this.#stored].some((hash) => !this.#isNeeded(hash))) return;
    await this.#exclusively(async () => {
      const files = this.#files;
      for (const hash of [...this.#stored]) {
        if (this.#isNeeded(hash)) continue;
        this.#stored.delete(hash);
        this.#durable.delete(hash);
        await files.unlink(`${this.#dir}/${hash}.json`);
      }
      await files.syncDirectory(this.#dir);
    });
  }

  #isNeeded(hash: string): boolean {
    return hash === this.#current.hash || hash === this.#prepared?.hash || this.#isReferenced(hash);
  }

  async #store({ hash, text }: RuleSetDocument): Promise<void> {
    if (this.#durable.has(hash)) return;
    const files = this.#files;
    const path = `${this.#dir}/${hash}.json`;
    if (!this.#stored.has(hash) || (await this.#read(hash)) !== text) {
      await this.#write(`${path}.preparing`, encode(text));
      await files.rename(`${path}.preparing`, path);
      this.#stored.add(hash);
    }
    // Also where it was there: the process may have died between the rename and this.
    await files.syncDirectory(this.#dir);
    this.#durable.add(hash);
  }

  async #write(path: string, bytes: Buffer): Promise<void> {
    const files = this.#files;
    const file = await files.open(path, 'create');
    try {
      await writeAll(file, [bytes], 0);
      await file.datasync();
    } catch (thrown) {
      await files.unlink(path).catch(() => {});
      throw asError(thrown);
    } finally {
      await file.close();
    }
  }

  async #read(hash: string): Promise<string | null> {
    const files = this.#files;
    const path = `${this.#dir}/${hash}.json`;
    try {
      const bytes = Buffer.alloc(await files.size(path));
      const file = await files.open(path, 'read');
      try {
        return decode(bytes.subarray(0, await readAll(file, bytes, 0)));
      } finally {
        await file.close();
      }
    } catch {
      // Missing, unreadable or not JSON: the same to whoever needs it.
      return null;
    }
  }

  async #exclusively(step: () => Promise<void>): Promise<void> {
    const run = this.#last.then(step);
    this.#last = run.catch(() => {});
    await run;
  }
}

function check({ hash, text }: RuleSetDocument): void {
  invariant(HASH.test(hash), `the hash of a rule set has 32 hex digits: ${hash}`);
  const byteLength = Buffer.byteLength(text);
  if (byteLength <= RULE_SET_BYTES_MAX) return;
  throw new CodedError(
    'CONFIG_VALUE_INVALID',
    `The rules and their schemas take ${byteLength} bytes; at most ${RULE_SET_BYTES_MAX} are kept.`,
  );
}

function encode(text: string): Buffer {
  return Buffer.from(JSON.stringify({ version: VERSION, sha256: sha256(text), text }));
}

function decode(bytes: Buffer): string | null {
  const parsed: unknown = JSON.parse(bytes.toString());
  if (typeof parsed !== 'object' || parsed === null || !('text' in parsed) || !('sha256' in parsed)) return null;
  const { text } = parsed;
  return typeof text === 'string' && parsed.sha256 === sha256(text) ? text : null;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
