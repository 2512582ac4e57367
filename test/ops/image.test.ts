import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { folderOf } from '../support/folder.ts';
import { until } from '../support/until.ts';
import { accountFor, drained } from './support/accounted.ts';
import { command, missingPrograms } from './support/command.ts';
import { buildImage, type Container, type ContainerOptions, runContainer } from './support/container.ts';
import { freePort } from './support/free-port.ts';
import { lakeFiles } from './support/lake-config.ts';
import { OraclePublisher } from './support/oracle-publisher.ts';

const IMAGE = 'localhost/headgate:test';
/** The user of the image. */
const UID = 1_000;
/** What `docker stop` and systemd commonly grant before they kill. */
const STOP_MS_MAX = 10_000;

describe.skipIf(missingPrograms('buildah', 'podman', 'runc', 'debootstrap').length > 0)('the container image', () => {
  beforeAll(() => buildImage(IMAGE), 280_000);
  // The base image stays: it takes longest, and does not change with the project.
  afterAll(() => command('buildah', ['rmi', IMAGE]));

  it('turns healthy with the configuration inside, as a user that is not root and can write to /data alone', async () => {
    const container = await run({ name: 'headgate-default', adminPort: 9464, network: 'none' });
    expect(await container.healthStatus()).toBe('healthy');
    expect((await container.exec('id', '-u')).stdout).toBe(`${UID}\n`);
    expect((await container.exec('touch', '/data/file')).code).toBe(0);
    expect((await container.exec('touch', '/app/file')).stderr).toContain('Read-only file system');
    expect((await container.exec('sh', '-c', 'ls /app/node_modules | grep -c -x -e typescript -e vitest')).stdout).toBe(
      '0\n',
    );

    const elsewhere = 'HEADGATE_HEALTH_URL=http://127.0.0.1:1/healthz';
    expect((await container.exec('env', elsewhere, 'node', '/app/healthcheck.mjs')).code).toBe(1);
    expect(await container.stop()).toBe(0);
  });

  it('stops within ten seconds under load and loses nothing: started again, every acknowledged id is in the lake', async () => {
    const [port, adminPort] = [await freePort(), await freePort()];
    const dir = folderOf(lakeFiles({ dataDir: '/data', port, adminPort }));
    const data = join(dir, 'data');
    mkdirSync(data);
    chownSync(data, UID, UID);
    chmodSync(dir, 0o755);
    const args = ['-v', `${dir}:/etc/headgate:ro`, '-v', `${data}:/data`];
    const container = await run({ name: 'headgate-loaded', adminPort, network: 'host', args });
    expect(await container.healthStatus()).toBe('healthy');
    const publishers = await Promise.all(
      ([1, 1, 2] as const).map((qos, index) =>
        OraclePublisher.connect({ port, name: `client${index}`, qos, topic: `load/${index}`, inFlightMax: 64 }),
      ),
    );
    for (const publisher of publishers) publisher.publish();
    await until('3,000 acknowledgements', () => countOf(publishers) >= 3_000, 30_000);
    const beganAt = performance.now();
    expect(await container.stop()).toBe(0);
    expect(performance.now() - beganAt).toBeLessThan(STOP_MS_MAX);
    await Promise.all(publishers.map((publisher) => publisher.close()));

    await container.start();
    await until('the gateway to be ready again', () => container.isReady(), 30_000);
    await drained(container);
    expect(await container.stop()).toBe(0);
    const account = await accountFor(
      join(data, 'lake'),
      publishers.flatMap(({ published }) => published),
      publishers.flatMap(({ acknowledged }) => [...acknowledged]),
    );
    expect(account).toMatchObject({ lost: [], unknown: [] });
  });
});

async function run(options: Omit<ContainerOptions, 'image'>): Promise<Container> {
  const container = await runContainer({ ...options, name: `${options.name}-${process.pid}`, image: IMAGE });
  onTestFinished(() => container.remove());
  return container;
}

function countOf(publishers: readonly OraclePublisher[]): number {
  return publishers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
}
