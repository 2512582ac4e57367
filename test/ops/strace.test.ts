import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOf } from '../support/folder.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { missingPrograms } from './support/command.ts';
import { lakeFiles } from './support/lake-config.ts';
import { OraclePublisher } from './support/oracle-publisher.ts';
import { acknowledgementsTo, durableAt, parseTrace } from './support/syscall-trace.ts';

const MESSAGES = 300;
const CALLS = 'write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fdatasync,fsync';

describe('acknowledgements and the disk, seen from outside', () => {
  it.skipIf(missingPrograms('strace').length > 0)(
    'no PUBACK or PUBREC leaves before the fdatasync that covers it has returned',
    async () => {
      const dir = folderOf(lakeFiles());
      const trace = join(dir, 'trace');
      // -s: more than a commit of all messages in flight. -D: the tracer is a grandchild, so that the process that was started is the gateway.
      const prefix = ['strace', '-D', '-f', '-xx', '-yy', '-s', '65536', '-e', `trace=${CALLS}`, '-o', trace];
      const gateway = await startGatewayProcess(join(dir, 'headgate.yaml'), { prefix });
      const port = gateway.ports[0] ?? 0;
      const publishers = await Promise.all(
        ([1, 2] as const).map((qos) =>
          OraclePublisher.connect({ port, name: `traced-qos${qos}`, qos, topic: `load/${qos}`, inFlightMax: 20 }),
        ),
      );
      for (const publisher of publishers) publisher.publish(MESSAGES);
      await Promise.all(publishers.map((publisher) => publisher.completed()));
      const clientPorts = publishers.map((publisher) => publisher.localPort);
      await Promise.all(publishers.map((publisher) => publisher.close()));
      expect(await gateway.stop()).toBe(0);
      const ended = new RegExp(`^${gateway.pid} .*\\+\\+\\+ exited with 0`, 'm');
      await until('the tracer to end', () => ended.test(readFileSync(trace, 'latin1')));

      const calls = parseTrace(readFileSync(trace, 'latin1'));
      for (const [index, publisher] of publishers.entries()) {
        const idOf = new Map(publisher.sent.map(({ packetId, id }) => [packetId, id]));
        const acknowledgements = acknowledgementsTo(clientPorts[index] ?? 0, calls);
        expect(new Set(acknowledgements.map(({ type }) => type))).toEqual(new Set([index === 0 ? 0x40 : 0x50]));
        expect(acknowledgements.map(({ packetId }) => idOf.get(packetId))).toEqual(publisher.published);
        const early = acknowledgements.filter(({ packetId, beganAt }) => {
          const durable = durableAt(idOf.get(packetId) ?? '', calls);
          return durable === null || durable > beganAt;
        });
        expect(early).toEqual([]);
      }
    },
  );

  it('tells a trace in which an acknowledgement left too early', () => {
    const hex = (text: string) =>
      [...Buffer.from(text, 'latin1')].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
    const write = `7 pwritev(9<${hex('/d/1.seg')}>, [{iov_base="${hex('..id-1..')}", iov_len=8}], 1, 0) = 8`;
    const begin = `8 fdatasync(9<${hex('/d/1.seg')}> <unfinished ...>`;
    const other = `8 fdatasync(9<${hex('/d/2.seg')}>) = 0`;
    const end = '8 <... fdatasync resumed>) = 0';
    const failed = '8 <... fdatasync resumed>) = -1 EIO (Input/output error)';
    const ack = `6 write(22<TCP:[127.0.0.1:1883->127.0.0.1:34362]>, "${hex('\x40\x02\x00\x07')}", 4) = 4`;
    const isEarly = (...lines: string[]) => {
      const calls = parseTrace(lines.join('\n'));
      const [acknowledgement] = acknowledgementsTo(34362, calls);
      expect(acknowledgement).toMatchObject({ type: 0x40, packetId: 7 });
      const durable = durableAt('id-1', calls);
      return durable === null || durable > (acknowledgement?.beganAt ?? 0);
    };
    expect(isEarly(write, begin, end, ack)).toBe(false);
    expect(isEarly(write, begin, ack, end)).toBe(true);
    expect(isEarly(begin, write, end, ack)).toBe(true);
    expect(isEarly(write, begin, failed, ack)).toBe(true);
    expect(isEarly(write, other, ack)).toBe(true);
    expect(isEarly(write, ack)).toBe(true);
  });
});
