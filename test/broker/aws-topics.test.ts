import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { usersFileSchema } from '../../src/broker/config.ts';
import { makeTokenEntry } from '../../src/cli/token.ts';
import { createEvents } from '../../src/events.ts';
import { createMetrics } from '../../src/metrics.ts';
import { publishPacket, type Setup, startBroker, until } from './support/harness.ts';

const SHADOW = '$aws/things/t1/shadow/update/accepted';
let setup: Setup;
afterEach(() => setup.close());

describe('topics under $aws', () => {
  it('are open to everybody where nobody has a name, Basic Ingest for publishing alone', async () => {
    setup = await startBroker();
    setup.intake.isImmediate = true;
    const got: string[] = [];
    const client = await setup.client({}, (topic) => got.push(topic));
    await client.subscribeAsync('$aws/things/#', { qos: 1 });
    await expect(client.subscribeAsync('$aws/rules/#', { qos: 1 })).rejects.toThrow();
    await client.publishAsync(SHADOW, '{}', { qos: 1 });
    await client.publishAsync('$aws/rules/r/x', '{}', { qos: 1 });
    expect(setup.intake.appended.map(({ topic }) => topic)).toEqual([SHADOW, '$aws/rules/r/x']);
    await until(() => got.length > 0);
    expect(got).toEqual([SHADOW]);
  });

  it('are closed to a user of #, which is told of once a connection', async () => {
    const lines: string[] = [];
    const device = makeTokenEntry('press-1');
    const users = usersFileSchema.parse(parse(device.entry)).map((user) => ({ ...user, publish: ['#'] }));
    setup = await startBroker({
      auth: { users: 'users.yaml' },
      loadUsers: async () => users,
      events: createEvents(pino({}, { write: (line: string) => void lines.push(line) }), createMetrics()),
    });
    const options = { clientId: 'press-1-a', username: 'press-1', password: device.token };
    for (const _connection of [1, 2]) {
      const raw = await (await setup.raw()).connect(options);
      raw.send(publishPacket(SHADOW, 'x', 1, 1), publishPacket(SHADOW, 'x', 1, 2));
      await raw.receive(8);
      raw.send(Buffer.from([0xe0, 0]));
      await raw.closed();
    }
    const told = lines.map((line) => JSON.parse(line)).filter(({ msg }) => String(msg).includes('user may not'));
    expect(told).toHaveLength(2);
    expect(told[0]).toMatchObject({ level: 40, clientId: 'press-1-a', principal: 'press-1', topic: SHADOW });
    expect(setup.intake.droppedReasons).toEqual(Array.from({ length: 4 }, () => 'unauthorized'));
  });
});
