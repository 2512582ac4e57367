/**
 * Schemas that were inferred and are frozen from then on, one file per action: `<folder>/<action id, percent-encoded>.avsc`.
 *
 * Invariants
 * - A schema is durable before the first record under it is written: temporary file, fsync, rename, fsync of the folder.
 * - The first one wins, also over a later one that another lane inferred: all lanes encode an action with one schema.
 * - Nobody but an operator changes or removes a file; whoever removes one asks for a new inference at the next start.
 */
import { type FileHandle, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError, type Finding } from '../../errors.ts';
import type { LaneSchema } from '../../lane-protocol.ts';
import { parseSchema } from './schema.ts';

const SUFFIX = '.avsc';
/** Ends in no suffix that `load` looks at: what a crash leaves behind is ignored. */
const TEMPORARY_SUFFIX = '.tmp';

/** Creates the folder where there is none, and reads what earlier runs froze. */
export async function openFrozenSchemas(folder: string): Promise<FrozenSchemas> {
  const frozen = new FrozenSchemas(folder);
  await frozen.load();
  return frozen;
}

export class FrozenSchemas {
  readonly #folder: string;
  readonly #byAction = new Map<string, LaneSchema>();
  #freezing: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `name` is the action's id, which a lane looks up where a plan names no schema. */
  get(actionId: string): LaneSchema | null {
    return this.#byAction.get(actionId) ?? null;
  }

  /** Reads what earlier runs froze. Throws a CodedError with every file that is not a schema any more. */
  async load(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const findings: Finding[] = [];
    for (const name of (await readdir(this.#folder)).sort()) {
      if (!name.endsWith(SUFFIX)) continue;
      const file = join(this.#folder, name);
      const parsed = parseSchema(await readFile(file, 'utf8'), file);
      findings.push(...parsed.findings);
      const actionId = decodeURIComponent(name.slice(0, -SUFFIX.length));
      if (parsed.schema !== null) this.#byAction.set(actionId, { name: actionId, text: parsed.schema.text });
    }
    if (findings.length > 0)
      throw new CodedError('SCHEMA_INVALID', `Frozen schemas in ${this.#folder} cannot be used.`, { findings });
  }

  /** Resolves, once it is durable, with the schema that holds for the action: `text`, or what was frozen before. */
  freeze(actionId: string, text: string): Promise<LaneSchema> {
    const frozen = this.#freezing.then(() => this.#freeze(actionId, text));
    // One at a time; a failure is the caller's and does not stand in the way of the next.
    this.#freezing = frozen.catch(() => undefined);
    return frozen;
  }

  async #freeze(actionId: string, text: string): Promise<LaneSchema> {
    const known = this.#byAction.get(actionId);
    if (known !== undefined) return known;
    const file = join(this.#folder, `${fileName(actionId)}${SUFFIX}`);
    const { schema, findings } = parseSchema(text, file);
    if (schema === null)
      throw new CodedError('SCHEMA_INVALID', `The schema of ${actionId} cannot be frozen.`, { findings });
    const temporary = `${file}${TEMPORARY_SUFFIX}`;
    try {
      await writeDurably(temporary, text);
      await rename(temporary, file);
    } catch (thrown) {
      await unlink(temporary).catch(() => undefined); // It may never have existed; the first failure is the one to report.
      throw thrown;
    }
    await syncFolder(this.#folder);
    const frozen = { name: actionId, text: schema.text };
    this.#byAction.set(actionId, frozen);
    return frozen;
  }
}

/** Percent-encoded, dots too: an id can name neither another folder nor a hidden file. */
function fileName(actionId: string): string {
  return encodeURIComponent(actionId).replace(/[.!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

async function writeDurably(file: string, text: string): Promise<void> {
  await withFile(file, 'w', async (handle) => {
    await handle.writeFile(text);
    await handle.sync();
  });
}

async function syncFolder(folder: string): Promise<void> {
  await withFile(folder, 'r', (handle) => handle.sync());
}

async function withFile(path: string, flags: string, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, flags);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}
