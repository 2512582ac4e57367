import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import type { LaneSetup, SlabTask } from '../../src/lane-protocol.ts';
import { LanePool } from '../../src/lanes/pool.ts';
import { createMetrics } from '../../src/metrics.ts';
import { container, entriesOf, plan, recordsOf, rule, setup, slab } from './lane-scene.ts';

/** Workers run JavaScript: `npm run build` comes before the tests. */
const workerUrl = new URL('../../dist/lanes/lane.js', import.meta.url);
const pools: LanePool[] = [];

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

function open(setups: readonly LaneSetup[], url = workerUrl) {
  expect(existsSync(workerUrl), 'dist/lanes/lane.js: run `npm run build`').toBe(true);
  const deaths: number[] = [];
  const metrics = createMetrics(new Registry());
  const events = { laneDied: (lane: number) => void deaths.push(lane) };
  const pool = new LanePool({ laneCount: setups.length, workerUrl: url, setups, events, metrics });
  pools.push(pool);
  return { pool, deaths, metrics };
}

/** The real lane, in a worker that exits without a word when a slab holds the text `kill-this-lane`. */
async function mortalWorker(): Promise<URL> {
  const file = join(await mkdtemp(join(tmpdir(), 'lane-')), 'mortal.mjs');
  const script = `
    import run from ${JSON.stringify(workerUrl.href)};
    export default (task) => {
      if (task.kind === 'slab' && Buffer.from(task.bytes).includes('kill-this-lane')) process.exit(3);
      return run(task);
    };`;
  await writeFile(file, script);
  return pathToFileURL(file);
}

const counting = (step: number) => setup([rule(`SELECT id + ${step} AS n FROM 'plant/#'`)], [plan()]);
const reading = (id: number) => slab([{ payload: { id } }]);
const deadly = (): SlabTask => slab([{ payload: { id: 1, text: 'kill-this-lane' } }]);

describe('lane pool', () => {
  it('moves the slab to the worker and back, and the parts back', async () => {
    const { pool, metrics } = open([setup([rule("SELECT * FROM 'plant/#'")], [container()])]);
    const task = slab([{ payload: { id: 1, temperature: 2.5 } }]);
    const byteLength = task.bytes.byteLength;
    const result = await pool.run(0, task);
    expect(task.bytes.byteLength).toBe(0);
    expect(result.bytes.byteLength).toBe(byteLength);
    expect(await recordsOf(result.parts[0])).toEqual([{ id: 1, temperature: 2.5 }]);
    expect(await metrics.registry.metrics()).toMatch(/headgate_lane_busy_seconds_total\{lane="0"\} 0\.\d+/);
    expect(pool.utilization).toHaveLength(1);
  });

  it('compiles the rules when it starts, and tells when it cannot', async () => {
    await open([counting(1), counting(2)]).pool.start();
    const { pool, deaths } = open([counting(1), setup([rule('SELEKT')], [plan()])]);
    await expect(pool.start()).rejects.toThrow('SELEKT');
    expect(deaths).toEqual([1]);
  });

  it('moves dead letters and parts that share a buffer', async () => {
    const { pool } = open([setup([rule("SELECT id FROM 'plant/#'")], [plan({ destination: { topic: 'to/${id}' } })])]);
    const result = await pool.run(
      0,
      slab([{ payload: { id: 1 } }, { payload: { id: 2 } }, { payload: 'no' }, { payload: 'no' }]),
    );
    expect(result.parts.map(entriesOf)).toEqual([['{"id":1}'], ['{"id":2}']]);
    expect(result.deadLetters.map((letter) => Buffer.from(letter.body).toString())).toEqual(['no', 'no']);
  });

  it('takes a new setup behind the slabs that were handed over before', async () => {
    const { pool } = open([counting(1)]);
    const before = pool.run(0, reading(1));
    const configured = pool.configure([counting(100)]);
    const after = pool.run(0, reading(1));
    await configured;
    expect([await before, await after].map((result) => entriesOf(result.parts[0]))).toEqual([
      ['{"n":2}'],
      ['{"n":101}'],
    ]);
  });

  it('rejects what a dying worker had, and goes on with a new one that knows the latest setup', async () => {
    const { pool, deaths } = open([counting(1), counting(1)], await mortalWorker());
    await pool.run(0, reading(1));
    await pool.configure([counting(100), counting(200)]);
    const dying = pool.run(0, deadly());
    const waiting = pool.run(0, reading(2));
    await expect(dying).rejects.toThrow('exit');
    await expect(waiting).rejects.toThrow();
    expect(deaths).toEqual([0]);
    expect(entriesOf((await pool.run(0, reading(3))).parts[0])).toEqual(['{"n":103}']);
    expect(entriesOf((await pool.run(1, reading(3))).parts[0])).toEqual(['{"n":203}']);
    expect(deaths).toEqual([0]);
  });

  it('tells why when a setup cannot be compiled, and recovers with the next one', async () => {
    const { pool, deaths } = open([setup([rule('SELEKT')], [plan()])]);
    await expect(pool.run(0, reading(1))).rejects.toThrow();
    expect(deaths).toEqual([0]);
    await pool.configure([counting(1)]);
    expect(entriesOf((await pool.run(0, reading(1))).parts[0])).toEqual(['{"n":2}']);
  });

  it('rejects every task, and does not spin, where the script cannot start', async () => {
    const { pool, deaths } = open([counting(1)], pathToFileURL(join(tmpdir(), 'there-is-no-such-lane.mjs')));
    await expect(pool.run(0, reading(1))).rejects.toThrow();
    expect(deaths.length).toBeLessThanOrEqual(2);
  });
});
