import { createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { afterEach, describe, expect, it } from 'vitest';
import { LoadGenerator } from '../../../bench/load/generator.ts';
import { Histogram } from '../../../bench/load/histogram.ts';
import { SEQUENCE_FIRST } from '../../../bench/load/payload.ts';
import { defaultLoad, type LoadPlan, type LoadReport } from '../../../bench/load/plan.ts';
import { answer } from '../../../bench/servers/sink.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

/** Acknowledges through `reply`, which may hold back, cut up or falsify what it is given. */
function sink(reply: (bytes: Buffer, socket: Socket) => void): Promise<number> {
  return listen((socket) => {
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = answer(Buffer.concat([rest, chunk]), (bytes) => reply(bytes, socket));
    });
  });
}

const write = (bytes: Buffer, socket: Socket) => {
  socket.write(bytes);
};

function run(port: number, changes: Partial<LoadPlan>): Promise<LoadReport> {
  const small = { connections: 3, topics: 10, payloads: 60, window: 20, warmupSeconds: 0.1, seconds: 0.3 };
  const plan = { ...defaultLoad, ...small, settleSecondsMax: 2, port, ...changes };
  return new LoadGenerator(plan).run({ started() {}, ended() {} });
}

describe('LoadGenerator', () => {
  it('has every message acknowledged, and every sequence used once, at QoS 1 against a real broker', async () => {
    const broker = await Aedes.createBroker();
    const sequences: number[] = [];
    broker.on('publish', (packet, client) => {
      if (client) sequences.push(JSON.parse(packet.payload.toString()).seq);
    });
    closers.push(() => broker.close());
    const report = await run(await listen(broker.handle), { sequenceFirst: SEQUENCE_FIRST + 500 });
    expect(report.errors).toEqual([]);
    expect(report.total.acked).toBe(report.total.sent);
    expect(report.measured.acked).toBeGreaterThan(100);
    sequences.sort((a, b) => a - b);
    expect(sequences).toEqual(Array.from({ length: report.total.sent }, (_, n) => SEQUENCE_FIRST + 500 + n));
  });

  it('counts a QoS 0 message when the socket has it, and ends when the broker has read it', async () => {
    const broker = await Aedes.createBroker();
    let received = 0;
    broker.on('publish', (_packet, client) => {
      if (client) received++;
    });
    closers.push(() => broker.close());
    const report = await run(await listen(broker.handle), { qos: 0 });
    expect(report.errors).toEqual([]);
    expect(report.total.sent).toBeGreaterThan(100);
    expect(received).toBe(report.total.sent);
  });

  it('reads acknowledgements that arrive in pieces', async () => {
    const report = await run(
      await sink((bytes, socket) => {
        for (let at = 0; at < bytes.length; at += 3) socket.write(bytes.subarray(at, at + 3));
      }),
      {},
    );
    expect(report.errors).toEqual([]);
    expect(report.unacked).toEqual([]);
    expect(report.total.acked).toBeGreaterThan(100);
  });

  it('never has more than the window unacknowledged, and names what was not acknowledged', async () => {
    let published = 0;
    const port = await listen((socket) => {
      let rest: Buffer = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        rest = answer(Buffer.concat([rest, chunk]), (bytes) => {
          if (bytes[0] === 0x20) socket.write(bytes);
          else published += bytes.length / 4;
        });
      });
    });
    const report = await run(port, { settleSecondsMax: 0.2 });
    expect(published).toBe(60);
    expect(report.total).toEqual({ sent: 60, acked: 0 });
    expect([...report.unacked].sort()).toEqual(Array.from({ length: 60 }, (_, n) => SEQUENCE_FIRST + n));
  });

  it('reports an acknowledgement out of order', async () => {
    const port = await sink((bytes, socket) => {
      if (bytes[0] === 0x40) bytes.writeUInt16BE(bytes.readUInt16BE(2) + 1, 2);
      socket.write(bytes);
    });
    const report = await run(port, {});
    expect(report.errors.join()).toContain('PUBACK 1 was due');
  });

  it('reports a connection that the broker closes', async () => {
    const port = await sink((bytes, socket) => {
      if (bytes[0] === 0x20) socket.write(bytes);
      else socket.destroy();
    });
    const report = await run(port, {});
    expect(report.errors.join()).toMatch(/bench-\d: /);
    expect(report.unacked.length).toBeGreaterThan(0);
  });

  it('fails when a client is refused', async () => {
    const port = await sink((_bytes, socket) => socket.write(Buffer.from([0x20, 2, 0, 5])));
    await expect(run(port, {})).rejects.toThrow('refused with code 5');
  });

  it('keeps to its rate in open loop', async () => {
    const report = await run(await sink(write), { rate: 2000, seconds: 0.5 });
    expect(report.errors).toEqual([]);
    const rate = report.measured.sent / report.measuredSeconds;
    expect(rate).toBeGreaterThan(1600);
    expect(rate).toBeLessThan(2400);
  });

  it('charges a stall to every message that was due meanwhile, though few were sent', async () => {
    let isStalled = true;
    const held: (() => void)[] = [];
    const port = await sink((bytes, socket) => {
      if (bytes[0] === 0x40 && isStalled) held.push(() => socket.write(Buffer.from(bytes)));
      else socket.write(bytes);
    });
    setTimeout(() => {
      isStalled = false;
      for (const release of held) release();
    }, 400);
    const report = await run(port, { rate: 1000, warmupSeconds: 0, seconds: 0.6, window: 5 });
    expect(report.unacked).toEqual([]);
    const latency = Histogram.from(report.latency);
    expect(latency.count).toBeGreaterThan(450);
    // Due evenly over 600 ms and released at 400 ms: a quarter waited over 250 ms, though only 15 were on the wire.
    expect(latency.percentileUs(0.75)).toBeGreaterThan(150_000);
    expect(report.behindMsMax).toBeGreaterThan(300);
  });
});
