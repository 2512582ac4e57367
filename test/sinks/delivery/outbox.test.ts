/** Delivery over the real outbox, on real files: what a restart finds. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/message.ts';
import { DELIVERED, type Outcome } from '../../../src/sinks/sink.ts';
import { nodeFiles } from '../../../src/spool/files.ts';
import { Outbox } from '../../../src/spool/outbox.ts';
import { folderOf } from '../../support/folder.ts';
import { until } from '../../support/until.ts';
import { part, rig } from './rig.ts';

const objects = {
  kind: 'objects',
  extension: '.avro',
  hasHeader: true,
  objectBytesMax: 1_000_000,
  objectSecondsMax: 3600,
  partitionsMax: 8,
} as const;

describe('delivery over an outbox on disk', () => {
  it('uploads a sealed object after a restart under the name it had before', async () => {
    const dir = folderOf();
    const outboxDir = join(dir, 'outbox');
    mkdirSync(outboxDir);
    const open = () => Outbox.open({ files: nodeFiles(), dir: outboxDir, onDamaged: () => {} });
    const seen: { readonly id: string; readonly text: string }[] = [];
    const record = (outcome: Outcome) => async (entries: readonly Entry[]) =>
      entries.map(({ id, body }) => {
        seen.push({ id, text: body.kind === 'file' ? readFileSync(body.path, 'utf8') : '' });
        return outcome;
      });
    const options = {
      assembly: objects,
      limits: { isOutboxFirst: true },
      services: { objectsDir: join(dir, 'objects') },
    };
    const down: Outcome = { status: 'retry', cause: new Error('no uplink') };

    const before = rig({ ...options, services: { ...options.services, outbox: await open() }, deliver: record(down) });
    await before.delivery.start();
    before.accept(1, part(1, ['one;', 'two;'], { ends: null }));
    await before.delivery.flush(5_000);
    await until('an attempt', () => seen.length > 0);
    expect(before.settled).toEqual([1]);
    await before.delivery.close();

    const outbox = await open();
    const after = rig({ ...options, services: { ...options.services, outbox }, deliver: record(DELIVERED) });
    await after.delivery.start();
    await until('the object to be delivered', () => outbox.count === 0);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(1);
    expect(new Set(seen.map(({ text }) => text))).toEqual(new Set(['HEADERone;two;']));
    expect(await after.balance()).toMatchObject({ emitted: 2, delivered: 2, inFlight: 0 });
    await after.delivery.close();
  });

  it('brings everything back in order after an outage with a restart in the middle', async () => {
    const outboxDir = folderOf();
    const open = () => Outbox.open({ files: nodeFiles(), dir: outboxDir, onDamaged: () => {} });
    const delivered: string[] = [];
    const limits = { batchCountMax: 7, pendingBytesMax: 300 };
    let isUp = false;
    const deliver = async (entries: readonly Entry[]) =>
      entries.map(({ body }): Outcome => {
        if (!isUp) return { status: 'retry', cause: new Error('no uplink') };
        delivered.push(body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : '');
        return DELIVERED;
      });
    const first = rig({ limits, deliver, services: { outbox: await open() } });
    await first.delivery.start();
    for (let n = 0; n < 20; n++) first.accept(n, part(n * 3, [`${n * 3},`, `${n * 3 + 1},`, `${n * 3 + 2},`]));
    await first.delivery.flush(5_000);
    await until('all to be on disk', () => first.settled.length === 20);
    await first.delivery.close();
    const outbox = await open();
    const second = rig({ limits, deliver, services: { outbox } });
    await second.delivery.start();
    second.accept(20, part(60, ['60,', '61,']));
    isUp = true;
    await until('all to be delivered', () => delivered.length === 62);
    expect(delivered).toEqual(Array.from({ length: 62 }, (_, n) => `${n},`));
    await until('the books to be closed', () => second.delivery.backlog.messages === 0 && outbox.count === 0);
    await second.delivery.close();
  });
});
