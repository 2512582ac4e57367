import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Aedes } from 'aedes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlRoom } from '../../src/demo/control-room.ts';
import { Fleet } from '../../src/demo/fleet.ts';
import { planFleet } from '../../src/demo/plan-fleet.ts';
import { until } from '../support/until.ts';

let broker: Aedes;
let server: Server;
let port = 0;

beforeEach(async () => {
  broker = await Aedes.createBroker();
  server = createServer(broker.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  await new Promise<void>((resolve) => broker.close(() => resolve()));
  server.close();
});

const connect = () =>
  Fleet.connect({ host: '127.0.0.1', port, sensors: planFleet(1, 1_800_000_000_000), clock: () => performance.now() });

describe('the fleet', () => {
  it('connects every sensor as a client of its own and remembers what was acknowledged', async () => {
    const received = new Set<string>();
    broker.on('publish', (packet, client) => {
      if (client) received.add(`${client.id}/${(JSON.parse(String(packet.payload)) as { seq: number }).seq}`);
    });
    const fleet = await connect();
    expect(fleet.size).toBe(50);
    expect(broker.connectedClients).toBe(50);
    fleet.start();
    await until('300 acknowledged messages', () => fleet.acknowledged.length > 300);
    await fleet.stop(5_000);
    const { published, inFlight, failed } = fleet.counts();
    expect({ inFlight, failed }).toEqual({ inFlight: 0, failed: 0 });
    expect(fleet.acknowledged).toHaveLength(published[1] + published[2]);
    expect(fleet.acknowledged.filter(({ sensor, seq }) => !received.has(`${sensor}/${seq}`))).toEqual([]);
  });

  it('does not count what was never acknowledged, and gives up waiting for it', async () => {
    broker.authorizePublish = () => undefined;
    const fleet = await connect();
    fleet.start();
    await until('messages in flight', () => fleet.counts().inFlight > 50);
    await fleet.stop(100);
    expect(fleet.acknowledged).toEqual([]);
    expect(fleet.counts().inFlight + fleet.counts().failed).toBeGreaterThan(50);
  });
});

describe('the control room', () => {
  it('sees what is published to its topics, in words', async () => {
    const room = await ControlRoom.connect('127.0.0.1', port, 'notices/#');
    const payload = Buffer.from('{"text":"Oven zone too hot."}');
    const packet = { cmd: 'publish', topic: 'notices/line-1/3', payload, qos: 1, retain: false, dup: false } as const;
    broker.publish(packet, () => undefined);
    await until('a notice', () => room.count === 1);
    expect(room.last).toBe('notices/line-1/3: Oven zone too hot.');
    await room.close();
  });
});
