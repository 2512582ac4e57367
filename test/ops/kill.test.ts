import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOf } from '../support/folder.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { accountFor, drained } from './support/accounted.ts';
import { lakeFiles } from './support/lake-config.ts';
import { OraclePublisher } from './support/oracle-publisher.ts';

/** Acknowledgements after which each round's gateway is killed: early, in the midst of commits, and past several lake files. */
const KILL_AFTER = [1, 50, 400, 3_000, 8_000, 20_000];
const PUBLISHERS = 6;

describe('kill -9', () => {
  it('under load loses no acknowledged message: after restarts, every acknowledged id is in the Avro lake', async () => {
    const dir = folderOf(lakeFiles());
    const config = join(dir, 'headgate.yaml');
    const published: string[] = [];
    const acknowledged = new Set<string>();
    for (const [round, killAfter] of KILL_AFTER.entries()) {
      const gateway = await startGatewayProcess(config);
      const publishers = await Promise.all(
        Array.from({ length: PUBLISHERS }, (_, index) =>
          OraclePublisher.connect({
            port: gateway.ports[0] ?? 0,
            name: `round${round}-client${index}`,
            qos: index % 3 === 0 ? 2 : 1,
            topic: `load/${index}`,
            inFlightMax: 64,
          }),
        ),
      );
      for (const publisher of publishers) publisher.publish();
      const countOf = () => publishers.reduce((sum, publisher) => sum + publisher.acknowledged.size, 0);
      await until(`${killAfter} acknowledgements`, () => countOf() >= killAfter, 60_000);
      await gateway.kill();
      await Promise.all(publishers.map((publisher) => publisher.close()));
      for (const publisher of publishers) {
        published.push(...publisher.published);
        for (const id of publisher.acknowledged) acknowledged.add(id);
      }
    }
    expect(acknowledged.size).toBeGreaterThan(KILL_AFTER.reduce((sum, count) => sum + count));

    const last = await startGatewayProcess(config);
    await drained(last);
    expect(await last.stop()).toBe(0);
    const account = await accountFor(join(dir, 'data/lake'), published, acknowledged);
    expect(account.lost).toEqual([]);
    expect(account.unknown).toEqual([]);
    // Only what was on its way when a gateway was killed may come twice.
    expect(account.duplicateCount).toBeLessThan(acknowledged.size);
  });
});
