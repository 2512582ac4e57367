/**
 * The local lake: sealed objects moved into folders under one root. `path` renders the folder (`site=a/dt=2026-01-31`); the name is
 * `<gateway id>-<entry id>`, made of sequences and a checksum of the content. An object appears whole, under its final name, or
 * not at all; nothing is overwritten.
 */
import { constants } from 'node:fs';
import { access, copyFile, link, mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { asError, CodedError } from '../errors.ts';
import type { Entry } from '../message.ts';
import {
  avroProblems,
  basePlan,
  codecField,
  commonShape,
  defaultLimits,
  objectBatchSchema,
  schemaField,
} from './delivery-schema.ts';
import { type ObjectFormat, objectAssembly, objectFormatOf, objectFormats, objectShape } from './object-format.ts';
import { deliverOneByOne } from './one-by-one.ts';
import { DELIVERED, defineSink, type Outcome, planned, type Sink, type SinkServices } from './sink.ts';

/** NAME_MAX of Linux file systems; the whole path stays well below PATH_MAX (4,096). */
const fileLimits = { segmentBytesMax: 255, pathBytesMax: 1024 } as const;

export const fileDefinition = defineSink({
  type: 'file',
  summary:
    'The local lake: Avro containers (or JSON lines) in folders on this machine. Values inserted into the path are escaped, so that each has a folder of its own below the root.',
  action: z.strictObject({
    path: z.string().min(1).describe('Folder below the root of the lake, such as `press/site=${topic(2)}`.'),
  }),
  delivery: z.strictObject({
    ...commonShape,
    format: z.enum(objectFormats).default('avro-container').describe('avro-container, json-lines or json-lines-gzip.'),
    schema: schemaField,
    codec: codecField,
    batch: objectBatchSchema.prefault({}),
  }),
  templates: [{ field: 'path', kind: 'path' }],
  limits: fileLimits,
  example: `file: { path: "press/site=\${topic(2)}" }
delivery: { batch: { seconds: 60 } }
`,
  plan(fields, wishes, context) {
    return planned(
      basePlan('file', wishes, { ...objectShape(wishes), schema: wishes.schema, destination: { path: fields.path } }),
      {
        assembly: objectAssembly(wishes.format, wishes.batch),
        limits: defaultLimits({ batchCountMax: 16, batchBytesMax: Number.MAX_SAFE_INTEGER }),
        open: (services) => new FileSink(services, wishes.format),
      },
      avroProblems(wishes, context),
    );
  },
});

class FileSink implements Sink {
  readonly #services: SinkServices;
  readonly #format: ObjectFormat;

  constructor(services: SinkServices, format: ObjectFormat) {
    this.#services = services;
    this.#format = format;
  }

  deliver(entries: readonly Entry[]): Promise<readonly Outcome[]> {
    return deliverOneByOne(
      entries,
      1,
      () => '',
      (entry) => this.#place(entry),
    );
  }

  async #place(entry: Entry): Promise<Outcome> {
    const folder = entry.destination['path'] ?? '';
    if (!isSoundFolder(folder)) {
      const why = `"${folder.slice(0, 80)}" is not a folder of the lake: relative, no "." or "..", no control characters, at most ${fileLimits.segmentBytesMax} bytes each and ${fileLimits.pathBytesMax} together.`;
      return { status: 'rejected', cause: new CodedError('MESSAGE_TEMPLATE_INVALID', why) };
    }
    if (entry.body.kind === 'bytes')
      return { status: 'rejected', cause: new Error('The lake takes sealed files only.') };
    const name = `${this.#services.gatewayId}-${entry.id}${objectFormatOf[this.#format].extension}`;
    try {
      const target = join(this.#services.lakeDir, folder);
      await makeFolder(target, this.#services.lakeDir);
      await place(entry.body.path, target, name);
      return DELIVERED;
    } catch (thrown) {
      const cause = asError(thrown);
      // A folder that may not be written, or a file system that went read-only, needs somebody; a full disk may pass.
      const code = 'code' in cause ? String(cause.code) : '';
      return { status: ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(code) ? 'held' : 'retry', cause };
    }
  }

  async check(): Promise<void> {
    await mkdir(this.#services.lakeDir, { recursive: true });
    await access(this.#services.lakeDir, constants.W_OK);
  }

  async close(): Promise<void> {}
}

/** Templates put payload values into paths: whatever they hold must stay below the root. */
function isSoundFolder(folder: string): boolean {
  if (folder === '' || Buffer.byteLength(folder) > fileLimits.pathBytesMax) return false;
  return folder.split('/').every((segment, index, all) => {
    if (segment === '') return index === all.length - 1 && index > 0;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    if (segment === '.' || segment === '..' || /[\u0000-\u001f\u007f\\]/.test(segment)) return false;
    return Buffer.byteLength(segment) <= fileLimits.segmentBytesMax;
  });
}

/** Creates a folder durably: each new name is synced in its parent. */
async function makeFolder(folder: string, root: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  const stop = dirname(first);
  for (let at = dirname(folder); at.length >= stop.length; at = dirname(at)) {
    await syncFolder(at);
    if (at === stop || at === dirname(at) || at === dirname(root)) break;
  }
}

/**
 * A hard link; whoever owns the source removes that name. `link` refuses where the name is taken, `rename` would overwrite. The name
 * stands for the content (its checksum is in it), so a name that is there already is this object, placed before a crash.
 */
async function place(source: string, folder: string, name: string): Promise<void> {
  const target = join(folder, name);
  try {
    await link(source, target);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : '';
    // EXDEV: another file system. EPERM, ENOTSUP: one without hard links.
    if (code === 'EXDEV' || code === 'EPERM' || code === 'ENOTSUP') await copyIn(source, folder, target);
    else if (code !== 'EEXIST') throw thrown;
  }
  await syncFolder(folder);
}

async function copyIn(source: string, folder: string, target: string): Promise<void> {
  if (await exists(target)) return;
  const partial = join(folder, `.${Buffer.from(target).toString('base64url').slice(-40)}.partial`);
  await copyFile(source, partial);
  const file = await open(partial, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, target);
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
