import { describe, expect, it } from 'vitest';
import { recordsIn } from '../support/avro-records.ts';
import { readMetric } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { connect, sceneOf, start } from './scene.ts';

interface Reading {
  readonly id: string;
  readonly value: number | null;
  readonly line: string;
  readonly received_at: number;
  readonly seq: number;
  readonly gateway: string;
}

describe('the gateway, end to end', () => {
  it('brings every acknowledged message that its rule selects to the lake, shaped and with its metadata', async () => {
    const scene = sceneOf();
    const gateway = await start(scene);
    const startedAt = Date.now();
    const clients = await Promise.all(['a', 'b', 'c'].map((clientId) => connect(gateway, { clientId })));
    const acknowledged = new Set<string>();
    await Promise.all(
      clients.flatMap((client, line) =>
        Array.from({ length: 100 }, async (_, i) => {
          const id = `${line}-${i}`;
          await client.publishAsync(
            `floor/${line}/reading`,
            JSON.stringify({ id, value: i === 7 ? 5000 : i / 2, noise: 'x' }),
            { qos: i % 2 === 0 ? 1 : 2 },
          );
          if (i !== 7) acknowledged.add(id);
        }),
      ),
    );
    expect(await gateway.stop()).toBe(0);
    const records = await recordsIn<Reading>(scene.lakeDir);
    expect(records.map((record) => record.id).sort()).toEqual([...acknowledged].sort());
    const sample = records.find((record) => record.id === '1-10');
    expect(sample).toMatchObject({ value: 5, line: '1', gateway: 'e2e' });
    expect(sample?.received_at).toBeGreaterThanOrEqual(startedAt - 1);
    expect(new Set(records.map((record) => record.seq)).size).toBe(records.length);
  });

  it('keeps the order of each client', async () => {
    const scene = sceneOf();
    const gateway = await start(scene);
    const client = await connect(gateway);
    await Promise.all(
      Array.from({ length: 500 }, (_, i) =>
        client.publishAsync('floor/1/reading', JSON.stringify({ id: `${i}`, value: i }), { qos: 1 }),
      ),
    );
    await gateway.stop();
    const records = (await recordsIn<Reading>(scene.lakeDir)).toSorted((a, b) => a.seq - b.seq);
    expect(records.map((record) => Number(record.id))).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  it('delivers after kill -9 what was acknowledged before it', async () => {
    const scene = sceneOf();
    const first = await start(scene);
    const client = await connect(first);
    const acknowledged: string[] = [];
    for (let i = 0; i < 2000; i++) {
      client.publishAsync('floor/1/reading', JSON.stringify({ id: `${i}`, value: 1 }), { qos: 1 }).then(
        () => acknowledged.push(`${i}`),
        () => undefined, // Not acknowledged: the gateway was killed before.
      );
    }
    await until('some acknowledgements', () => acknowledged.length >= 200);
    await first.kill();
    const before = new Set(acknowledged);
    const second = await start(scene);
    await until(
      'the backlog to be settled',
      async () =>
        (await second.metric('headgate_journal_backlog_messages{class="normal"}')) === 0 ||
        (await second.metric('headgate_messages_replayed_total')) >= before.size,
    );
    expect(await second.stop()).toBe(0);
    const delivered = new Set((await recordsIn<Reading>(scene.lakeDir)).map((record) => record.id));
    expect([...before].filter((id) => !delivered.has(id))).toEqual([]);
  });

  it('republishes to local subscribers, keeps retained messages and fires wills', async () => {
    const scene = sceneOf({
      'rules/echo.yaml': `ruleName: echo
sql: SELECT id, 'hot' AS state FROM 'floor/+/reading' WHERE value > 90
awsIotSqlVersion: '2016-03-23'
actions: [ { republish: { topic: 'hot/\${topic(2)}', qos: 1, roleArn: 'arn:aws:iam::1:role/r' } } ]
`,
    });
    const gateway = await start(scene);
    const subscriber = await connect(gateway, { clientId: 'panel' });
    const seen: string[] = [];
    subscriber.on('message', (topic, payload, packet) => seen.push(`${topic} ${payload} ${packet.retain}`));
    await subscriber.subscribeAsync(['hot/+', 'status/#'], { qos: 1 });
    const device = await connect(gateway, {
      clientId: 'press',
      will: { topic: 'status/press', payload: Buffer.from('gone'), qos: 1, retain: true },
    });
    await device.publishAsync('floor/9/reading', JSON.stringify({ id: 'h', value: 99 }), { qos: 1 });
    await until('the republished message', () => seen.some((line) => line.startsWith('hot/9 ')));
    expect(JSON.parse(seen.find((line) => line.startsWith('hot/9'))?.split(' ')[1] ?? '')).toEqual({
      id: 'h',
      state: 'hot',
    });
    device.stream.destroy();
    await until('the will', () => seen.includes('status/press gone false'));
    const late = await connect(gateway, { clientId: 'late' });
    const retained: string[] = [];
    late.on('message', (topic, payload, packet) => retained.push(`${topic} ${payload} ${packet.retain}`));
    await late.subscribeAsync('status/+', { qos: 1 });
    await until('the retained will', () => retained.includes('status/press gone true'));
  });

  it('keeps books that balance over every way a message can take, and says that it is healthy and ready', async () => {
    const scene = sceneOf({
      'rules/echo.yaml': `ruleName: echo
sql: SELECT id FROM 'floor/+/reading' WHERE value = 300
awsIotSqlVersion: '2016-03-23'
actions: [ { republish: { topic: floor/echo/reading, qos: 1, roleArn: r } } ]
`,
    });
    const gateway = await start(scene);
    const panel = await connect(gateway, { clientId: 'panel' });
    await panel.subscribeAsync('floor/2/#', { qos: 1 });
    const client = await connect(gateway, {
      clientId: 'press',
      will: { topic: 'floor/3/reading', payload: Buffer.from('{"id":"will","value":1}'), qos: 1, retain: true },
    });
    for (let i = 0; i < 20; i++) {
      const qos = (i % 3) as 0 | 1 | 2;
      await client.publishAsync(
        `floor/${i % 2 === 0 ? 1 : 2}/reading`,
        JSON.stringify({ id: `${i}`, value: i * 100 }),
        { qos, retain: i === 4 },
      );
    }
    for (let i = 0; i < 5; i++) await client.publishAsync('nobody/asked', 'x', { qos: 1 });
    await client.publishAsync('floor/1/reading', 'not json', { qos: 1 });
    client.stream.destroy();
    const messages = async () => {
      const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
      const of = (name: string) => readMetric(metrics, `headgate_${name}`);
      return {
        received:
          of('messages_received_total{qos="0"}') +
          of('messages_received_total{qos="1"}') +
          of('messages_received_total{qos="2"}'),
        unmatched: of('messages_unmatched_total'),
        evaluated: of('messages_evaluated_total'),
        inFlight: of('messages_in_flight'),
      };
    };
    // 20 readings, one of them echoed, the one that is no JSON, and the will; 5 that nobody asked for.
    await until('every message to be evaluated', async () => (await messages()).evaluated === 23);
    expect(await messages()).toEqual({ received: 28, unmatched: 5, evaluated: 23, inFlight: 0 });
    // Values up to 900 and the will; the echo has no value, so its WHERE is not true.
    expect(await gateway.metric('headgate_rule_matched_total{rule="readings"}')).toBe(11);
    expect(await gateway.metric('headgate_rule_failed_total{rule="readings"}')).toBe(1);
    const emitted = await gateway.metric('headgate_action_emitted_total{action="readings/0"}');
    const delivered = await gateway.metric('headgate_action_delivered_total{action="readings/0"}');
    const inFlight = await gateway.metric('headgate_action_in_flight{action="readings/0"}');
    expect([emitted, delivered + inFlight]).toEqual([11, 11]);
    expect((await fetch(`${gateway.adminUrl}/healthz`)).status).toBe(200);
    expect((await fetch(`${gateway.adminUrl}/readyz`)).status).toBe(200);
  });

  it('refuses a second process on the same data directory, and the first goes on', async () => {
    const scene = sceneOf();
    const gateway = await start(scene);
    await expect(start(scene)).rejects.toThrow('SPOOL_LOCKED');
    const client = await connect(gateway);
    await client.publishAsync('floor/1/reading', '{"id":"still","value":1}', { qos: 1 });
    expect(await gateway.stop()).toBe(0);
    expect((await recordsIn<Reading>(scene.lakeDir)).map((record) => record.id)).toEqual(['still']);
  });
});
