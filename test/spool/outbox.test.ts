import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../src/message.ts';
import { type Files, nodeFiles } from '../../src/spool/files.ts';
import { Outbox, outboxDirectoryName, strandedOutboxes } from '../../src/spool/outbox.ts';

let dir: string;
let damaged: string[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headgate-outbox-'));
  damaged = [];
});

afterEach(async () => {
  await rm(dir, { recursive: true });
});

function open(files: Files = nodeFiles()): Promise<Outbox> {
  return Outbox.open({ files, dir, onDamaged: (file) => damaged.push(file) });
}

function entry(id: string, body: Entry['body'] = { kind: 'bytes', bytes: Buffer.from(`body of ${id}`) }): Entry {
  return {
    id,
    destination: { bucket: 'b', key: `k/${id}` },
    body,
    originals: null,
    messageCount: 3,
    rawBytes: 100,
    encodedBytes: 50,
    first: 1,
    last: 3,
    receivedAt: 1_700_000_000_000,
    hops: 0,
  };
}

function idsOf(entries: readonly Entry[]): string[] {
  return entries.map(({ id }) => id);
}

describe('outboxes of actions that are no longer configured', () => {
  it('are found when they hold entries', async () => {
    const files = nodeFiles();
    expect(await strandedOutboxes(files, join(dir, 'none'), [])).toEqual([]);
    for (const id of ['press/0', 'press/1', 'press/2']) {
      const outbox = await Outbox.open({ files, dir: join(dir, outboxDirectoryName(id)), onDamaged: () => {} });
      await outbox.put(entry('a'));
      if (id === 'press/2') await outbox.remove(await outbox.take(1, 1000));
    }
    await writeFile(join(dir, 'not-a-folder'), '');
    expect(await strandedOutboxes(files, dir, ['press/0'])).toEqual([{ name: 'press%2f1', entryCount: 1 }]);
    expect(await strandedOutboxes(files, dir, ['press/0', 'press/1'])).toEqual([]);
  });
});

describe('outbox', () => {
  it('removes a body that a crash left without its entry, and keeps those of entries, damaged ones too', async () => {
    const kept = ['000000000001.body', '000000000001-5-4.entry', '000000000002.body', '000000000002-5-4.entry.damaged'];
    const left = ['000000000003.body', '000000000004.body', '000000000004-5-4.entry.writing'];
    for (const name of [...kept, ...left]) await writeFile(join(dir, name), 'body');
    await open();
    expect((await readdir(dir)).sort()).toEqual([...kept].sort());
  });

  it('gives entries back in order, whole, after a restart', async () => {
    const first = await open();
    for (const id of ['a', 'b', 'c']) await first.put(entry(id));
    const second = await open();
    expect(second).toMatchObject({ count: 3, bytes: 27, oldestReceivedAt: 1_700_000_000_000 });
    const taken = await second.take(10, 1000);
    expect(taken[0]).toEqual(entry('a'));
    expect(idsOf(taken)).toEqual(['a', 'b', 'c']);
    expect(await second.take(10, 1000)).toEqual([]);
  });

  it('gives back first what was put in front last, also after a restart, and beside damage', async () => {
    const first = await open();
    for (const id of ['c', 'd']) await first.put(entry(id));
    await Promise.all(['b', 'a'].map((id) => first.putFirst(entry(id))));
    await first.put(entry('e'));
    expect(idsOf(await first.take(2, 1000))).toEqual(['a', 'b']);
    const [oldest = ''] = (await readdir(dir)).sort();
    await rename(join(dir, oldest), join(dir, `${oldest}.damaged`));
    const second = await open();
    await second.putFirst(entry('a again'));
    expect(await readdir(dir)).toContain(`${oldest}.damaged`);
    expect(idsOf(await (await open()).take(10, 1000))).toEqual(['a again', 'b', 'c', 'd', 'e']);
  });

  it('puts behind what does not fit in front of the outbox of an earlier version', async () => {
    const first = await open();
    await first.put(entry('c'));
    const [name = ''] = await readdir(dir);
    await rename(join(dir, name), join(dir, name.replace(/^\d{12}/, '000000000002')));
    const second = await open();
    await second.putFirst(entry('b'));
    await second.putFirst(entry('a'));
    expect(idsOf(await (await open()).take(10, 1000))).toEqual(['b', 'c', 'a']);
  });

  it('keeps the messages behind an entry beside it, also behind one whose body is a file', async () => {
    const source = join(dir, '..', `${outboxDirectoryName(dir)}.avro`);
    await writeFile(source, 'container');
    const originals = Buffer.from('blocks of its messages');
    const outbox = await open();
    await outbox.put({ ...entry('a'), originals });
    await outbox.put({ ...entry('f', { kind: 'file', path: source, byteLength: 9 }), originals });
    await outbox.put({ ...entry('e'), originals: Buffer.alloc(0) });
    const reopened = await open();
    // Bodies alone count.
    expect(reopened.bytes).toBe(27);
    const taken = await reopened.take(10, 1000);
    expect(taken[0]).toEqual({ ...entry('a'), originals });
    expect(taken[1]).toMatchObject({ id: 'f', originals, body: { kind: 'file', byteLength: 9 } });
    expect(taken[2]).toEqual({ ...entry('e'), originals: Buffer.alloc(0) });
  });

  it('reads what the version before this one wrote, and writes the same where there are no originals', async () => {
    const { body, originals, ...meta } = entry('old');
    const text = Buffer.from(JSON.stringify({ ...meta, file: false }));
    const rest = Buffer.concat([Buffer.from([1, 0, 0, 0, text.length, 0, 0, 0]), text, Buffer.from('body of old')]);
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32LE(crc32(rest));
    const written = Buffer.concat([Buffer.from('HGO1'), checksum, rest]);
    const name = '000000000001-1700000000000-11.entry';
    await writeFile(join(dir, name), written);
    const outbox = await open();
    const taken = await outbox.take(1, 1000);
    expect(taken).toEqual([{ ...meta, body, originals }]);
    await outbox.remove(taken);
    await outbox.put(entry('old'));
    const [again = ''] = await readdir(dir);
    expect(await readFile(join(dir, again))).toEqual(written);
  });

  it('keeps entries that were taken but not removed, and forgets those removed', async () => {
    const first = await open();
    for (const id of ['a', 'b', 'c']) await first.put(entry(id));
    const taken = await first.take(2, 1000);
    await first.remove(taken.slice(0, 1));
    expect(idsOf(await (await open()).take(10, 1000))).toEqual(['b', 'c']);
    first.untake(taken.slice(1));
    expect(idsOf(await first.take(10, 1000))).toEqual(['b', 'c']);
  });

  it('takes up to a count and to bytes, but always one', async () => {
    const outbox = await open();
    for (const id of ['a', 'b', 'c']) await outbox.put(entry(id));
    expect(idsOf(await outbox.take(10, 1))).toEqual(['a']);
    expect(idsOf(await outbox.take(1, 1000))).toEqual(['b']);
  });

  it('moves a file body in and hands it out as a file', async () => {
    const source = join(dir, '..', `${outboxDirectoryName(dir)}.avro`);
    await writeFile(source, 'container');
    const outbox = await open();
    await outbox.put(entry('f', { kind: 'file', path: source, byteLength: 9 }));
    await expect(readFile(source)).rejects.toMatchObject({ code: 'ENOENT' });
    const reopened = await open();
    const [taken] = await reopened.take(1, 1000);
    expect(taken?.body.kind).toBe('file');
    if (taken?.body.kind !== 'file') return;
    expect(await readFile(taken.body.path, 'utf8')).toBe('container');
    await reopened.remove([taken]);
    expect(await readdir(dir)).toEqual([]);
  });

  it('sets a damaged entry aside and goes on with the next', async () => {
    const first = await open();
    for (const id of ['a', 'b']) await first.put(entry(id));
    const [name = ''] = (await readdir(dir)).sort();
    const bytes = await readFile(join(dir, name));
    bytes[bytes.length - 1] = 0;
    await writeFile(join(dir, name), bytes);
    await writeFile(join(dir, 'notes.txt'), 'mine');
    const second = await open();
    expect(idsOf(await second.take(10, 1000))).toEqual(['b']);
    expect(damaged).toHaveLength(1);
    expect((await readdir(dir)).sort()).toContain(`${name}.damaged`);
    expect(await readFile(join(dir, 'notes.txt'), 'utf8')).toBe('mine');
  });

  it('leaves nothing behind when the disk refuses an entry', async () => {
    const real = nodeFiles();
    const source = join(dir, '..', `${outboxDirectoryName(dir)}.avro`);
    await writeFile(source, 'container');
    let isFailing = true;
    const outbox = await open({
      ...real,
      async syncDirectory(path) {
        if (isFailing && path === dir) throw new Error('EIO');
        await real.syncDirectory(path);
      },
    });
    const moved = entry('f', { kind: 'file', path: source, byteLength: 9 });
    await expect(outbox.put(moved)).rejects.toThrow('EIO');
    expect(await readdir(dir)).toEqual([]);
    isFailing = false;
    await outbox.put(moved);
    expect(idsOf(await outbox.take(1, 100))).toEqual(['f']);
  });

  it('makes its folder with the first entry, durable before the entry is, and again after a failure', async () => {
    const real = nodeFiles();
    const folder = join(dir, 'outbox', 'temps');
    const synced: string[] = [];
    let isFailing = true;
    const files: Files = {
      ...real,
      async syncDirectory(path) {
        if (isFailing) throw new Error('EIO');
        synced.push(path);
        await real.syncDirectory(path);
      },
    };
    const openInside = () => Outbox.open({ files, dir: folder, onDamaged: (file) => damaged.push(file) });
    const outbox = await openInside();
    expect(await readdir(dir)).toEqual([]);
    await expect(outbox.put(entry('a'))).rejects.toThrow('EIO');
    isFailing = false;
    await outbox.put(entry('a'));
    await outbox.put(entry('b'));
    // Names in the spool and in `outbox` once, names in the folder at each entry.
    expect(synced).toEqual([dir, join(dir, 'outbox'), folder, folder]);
    expect(idsOf(await (await openInside()).take(10, 1000))).toEqual(['a', 'b']);
  });

  it('has a folder name of its own for every action id', () => {
    const ids = ['temps/0', 'temps%2f0', 'temps_0', '../x', 'größe/1', 'a.b'];
    const names = ids.map(outboxDirectoryName);
    expect(new Set(names).size).toBe(ids.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_%-]+$/);
  });
});
