/** A disk that is really full: a small tmpfs, filled to its last byte while the gateway runs. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect, sceneOf, start } from '../e2e/scene.ts';
import { recordsIn } from '../support/avro-records.ts';
import { until } from '../support/until.ts';

/** Room for the journals' segments, one spare each, and some lake files. */
const DISK_MIB = 192;
const CHUNK = Buffer.alloc(65_536, 1);

function mountSmallDisk(path: string): void {
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', path]);
  onTestFinished(() => {
    execFileSync('umount', ['--lazy', path]);
  });
}

/** Appends until the disk takes no more. */
function fill(file: string): void {
  for (let chunk = CHUNK; chunk.length > 0; ) {
    try {
      appendFileSync(file, chunk);
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOSPC') throw error;
      chunk = chunk.subarray(0, Math.floor(chunk.length / 2));
    }
  }
}

const reading = (id: string) => JSON.stringify({ id, value: 1 });

describe('a full disk', () => {
  it('stops acknowledgements, says so, harms nobody, and is over without a restart when there is room', async () => {
    const scene = sceneOf();
    mountSmallDisk(join(scene.dir, 'data'));
    const gateway = await start(scene);
    const readyz = async () => (await fetch(`${gateway.adminUrl}/readyz`)).status;
    const sensor = await connect(gateway, { clientId: 'sensor' });
    const bystander = await connect(gateway, { clientId: 'bystander' });
    const acknowledged: string[] = [];
    const publish = async (client: MqttClient, id: string): Promise<void> => {
      await client.publishAsync('floor/1/reading', reading(id), { qos: 1 });
      acknowledged.push(id);
    };
    for (let index = 0; index < 200; index++) await publish(sensor, `before-${index}`);

    const filler = join(scene.dir, 'data', 'filler');
    fill(filler);
    await until('the gateway to be not ready', async () => (await readyz()) === 503);
    const held = ['full-0', 'full-1', 'full-2'].map((id) => publish(sensor, id));
    // Nothing that needs the disk: it is answered, so the gateway lives and has had its time for the others.
    await bystander.publishAsync('nobody/listens', 'x', { qos: 1 });
    await bystander.publishAsync('nobody/listens', 'y', { qos: 1 });
    expect(acknowledged).toHaveLength(200);

    rmSync(filler);
    await Promise.all(held);
    await until('the gateway to be ready', async () => (await readyz()) === 200);
    await publish(sensor, 'after');
    expect(sensor.connected).toBe(true);
    expect(await gateway.stop()).toBe(0);
    const ids = (await recordsIn<{ readonly id: string }>(scene.lakeDir)).map((record) => record.id);
    expect(acknowledged).toHaveLength(204);
    expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
  });
});
