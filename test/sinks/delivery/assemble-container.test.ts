import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/message.ts';
import { nodeObjectFiles, type ObjectFiles } from '../../../src/sinks/delivery/object-files.ts';
import { type Assembly, DELIVERED, type Outcome } from '../../../src/sinks/sink.ts';
import { folderOf } from '../../support/folder.ts';
import { until } from '../../support/until.ts';
import { part, type RigOptions, rig } from './rig.ts';

const objects = {
  kind: 'objects',
  extension: '.avro',
  hasHeader: true,
  objectBytesMax: 100,
  objectSecondsMax: 3600,
  partitionsMax: 2,
} as const;

type Objects = Extract<Assembly, { readonly kind: 'objects' }>;

/** A delivery of objects in a folder of its own; `contents` has what the sink was given. */
async function growing(more: Omit<RigOptions, 'assembly'> & { readonly assembly?: Partial<Objects> } = {}) {
  const objectsDir = folderOf();
  const contents: { readonly to: string | undefined; readonly text: string; readonly id: string }[] = [];
  const deliver = async (entries: readonly Entry[]): Promise<readonly Outcome[]> =>
    entries.map((entry) => {
      const text = entry.body.kind === 'file' ? readFileSync(entry.body.path, 'utf8') : 'bytes';
      contents.push({ to: entry.destination['to'], text, id: entry.id });
      return DELIVERED;
    });
  const services = { objectsDir, containerHeader: (schemaId: string) => Buffer.from(`H${schemaId};`) };
  const made = rig({ deliver, services, ...more, assembly: { ...objects, ...more.assembly } });
  await made.delivery.start();
  return { ...made, contents, folder: join(objectsDir, 'press-0') };
}

const block = (text: string, to = 'a', schemaId = '1') => ({
  destination: JSON.stringify({ to }),
  schemaId,
  ends: null,
  text,
});

describe('objects', () => {
  it('begin with the header of their schema, hold blocks of many parts, and settle them once delivered', async () => {
    const { delivery, accept, contents, settled, folder, balance } = await growing();
    accept(1, part(1, ['block-1;'], block('')));
    accept(2, part(2, ['block-2;'], block('')));
    await until(
      'the object to grow',
      () => existsSync(join(folder, '0.open')) && readFileSync(join(folder, '0.open')).length === 19,
    );
    expect(settled).toEqual([]);
    expect(delivery.backlog).toMatchObject({
      bytes: 19,
      memoryBytes: 0,
      messages: 2,
      oldestReceivedAt: 1_700_000_000_001,
    });
    await delivery.flush(5_000);
    await until('the parts to settle', () => settled.length === 2);
    expect(contents).toMatchObject([{ text: 'H1;block-1;block-2;' }]);
    expect(contents[0]?.id).toMatch(/^press-0-000000000001-000000000002-[0-9a-f]{8}$/);
    expect(readdirSync(folder)).toEqual([]);
    expect(await balance()).toEqual({ emitted: 2, delivered: 2, inFlight: 0, deadLettered: 0, dropped: 0 });
    await delivery.close();
  });

  it('are one per destination and schema; the least recently used is closed for another', async () => {
    const { delivery, accept, contents } = await growing();
    accept(1, part(1, ['a1;'], block('', 'a')));
    accept(2, part(2, ['b1;'], block('', 'b')));
    accept(3, part(3, ['a2;'], block('', 'a')));
    accept(4, part(4, ['c1;'], block('', 'c')));
    await until('b to be closed', () => contents.length === 1);
    expect(contents).toMatchObject([{ to: 'b', text: 'H1;b1;' }]);
    accept(5, part(5, ['c2;'], block('', 'c', '2')));
    await until('a to be closed', () => contents.length === 2);
    expect(contents[1]).toMatchObject({ to: 'a', text: 'H1;a1;a2;' });
    await delivery.flush(5_000);
    expect(
      contents
        .slice(2)
        .map(({ text }) => text)
        .sort(),
    ).toEqual(['H1;c1;', 'H2;c2;']);
    await delivery.close();
  });

  it('are closed at their size and at their age', async () => {
    const bySize = await growing({ assembly: { objectBytesMax: 12 } });
    bySize.accept(1, part(1, ['12345678;'], block('')));
    await until('the size', () => bySize.contents.length === 1);
    await bySize.delivery.close();
    const byAge = await growing({ assembly: { objectSecondsMax: 0.05 } });
    byAge.accept(1, part(1, ['1;'], block('')));
    await until('the age', () => byAge.contents.length === 1);
    await byAge.delivery.close();
  });

  it('without a header are lines joined', async () => {
    const { delivery, accept, contents } = await growing({ assembly: { hasHeader: false } });
    accept(1, part(1, ['{"a":1}\n', '{"a":2}\n'], { destination: '{"to":"a"}' }));
    await delivery.flush(5_000);
    expect(contents.map(({ text }) => text)).toEqual(['{"a":1}\n{"a":2}\n']);
    await delivery.close();
  });

  it('that a crash left open are removed at start', async () => {
    const objectsDir = folderOf();
    mkdirSync(join(objectsDir, 'press-0'));
    writeFileSync(join(objectsDir, 'press-0', '0.open'), 'torn');
    const made = rig({ assembly: objects, services: { objectsDir } });
    await made.delivery.start();
    expect(existsSync(join(objectsDir, 'press-0'))).toBe(false);
    await made.delivery.close();
  });

  it('leave a file behind when the gateway stops in the middle, and settle nothing', async () => {
    const { delivery, accept, settled, folder } = await growing();
    accept(1, part(1, ['block-1;'], block('')));
    await until('the object', () => existsSync(join(folder, '0.open')));
    await delivery.close();
    expect(settled).toEqual([]);
    expect(readdirSync(folder)).toEqual(['0.open']);
  });

  it('go through the outbox first where a restart must find them under the same name', async () => {
    const { delivery, accept, outbox, contents, settled } = await growing({ limits: { isOutboxFirst: true } });
    accept(1, part(1, ['block-1;'], block('')));
    await delivery.flush(5_000);
    await until('the upload', () => contents.length === 1);
    expect(outbox.calls).toEqual([`put ${contents[0]?.id}`]);
    expect(settled).toEqual([1]);
    await delivery.close();
  });
});

describe('a disk that fails under an open object', () => {
  /** Real files; the named operation fails so often first. */
  function failing(
    operation: 'create' | 'write' | 'sync' | 'rename' | 'syncFolder',
    times: number,
    before: () => void = () => {},
  ) {
    let left = times;
    const fail = (name: string) => {
      if (name !== operation || left === 0) return;
      left--;
      before();
      throw Object.assign(new Error(`${operation}: EIO`), { code: 'EIO' });
    };
    const files: ObjectFiles = {
      ...nodeObjectFiles,
      async create(path) {
        fail('create');
        const file = await nodeObjectFiles.create(path);
        return {
          async write(bytes, position) {
            if (operation === 'write' && left > 0) await file.write(bytes.subarray(0, 3), position);
            fail('write');
            await file.write(bytes, position);
          },
          async sync() {
            fail('sync');
            await file.sync();
          },
          close: () => file.close(),
        };
      },
      async rename(from, to) {
        fail('rename');
        await nodeObjectFiles.rename(from, to);
      },
      async syncFolder(path) {
        fail('syncFolder');
        await nodeObjectFiles.syncFolder(path);
      },
    };
    return { files, fired: () => times - left };
  }

  it.each(['create', 'write', 'sync', 'rename', 'syncFolder'] as const)(
    '%s: is asked again, and no byte is lost or doubled',
    async (operation) => {
      const { files, fired } = failing(operation, 1);
      const { delivery, accept, contents, settled } = await growing({ files });
      accept(1, part(1, ['block-1;'], block('')));
      accept(2, part(2, ['block-2;'], block('')));
      await delivery.flush(8_000);
      await until('the parts to settle', () => settled.length === 2);
      expect(fired()).toBe(1);
      expect(contents.map(({ text }) => text)).toEqual(['H1;block-1;block-2;']);
      await delivery.close();
    },
  );

  it.each(['write', 'sync', 'rename'] as const)(
    '%s: does not hold up a stop while it goes on failing, and settles nothing',
    async (operation) => {
      const { files } = failing(operation, Number.POSITIVE_INFINITY);
      const { delivery, accept, contents, settled } = await growing({ files });
      accept(1, part(1, ['block-1;'], block('')));
      await delivery.flush(50);
      await delivery.close();
      expect([contents, settled]).toEqual([[], []]);
    },
  );

  it('settles nothing of an object that can neither be synced nor read back', async () => {
    const spoil = { path: '' };
    const { files, fired } = failing('sync', 1, () => writeFileSync(spoil.path, 'what the kernel kept'));
    const { delivery, accept, contents, settled, folder, log } = await growing({ files });
    spoil.path = join(folder, '0.open');
    accept(1, part(1, ['block-1;'], block('')));
    await delivery.flush(8_000);
    expect(fired()).toBe(1);
    expect([contents, settled]).toEqual([[], []]);
    expect(log.length).toBeGreaterThan(0);
    await delivery.close();
  });
});
