import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { startGateway } from '../src/gateway.ts';
import { sceneOf } from './e2e/scene.ts';

const laneUrl = new URL('../dist/lanes/lane.js', import.meta.url).href;
const options = {
  log: pino({ level: 'silent' }),
  host: { process, version: 'test', writeBytes: async () => {} },
};

/** The real lane, with `afterStart` run in its worker once it has compiled its rules. */
async function laneWith(afterStart: string): Promise<URL> {
  const file = join(await mkdtemp(join(tmpdir(), 'lane-')), 'lane.mjs');
  await writeFile(
    file,
    `import run from ${JSON.stringify(laneUrl)};
     import { writeFileSync } from 'node:fs';
     export default (task) => {
       const result = run(task);
       if (task.kind === 'start') { ${afterStart} }
       return result;
     };`,
  );
  return pathToFileURL(file);
}

function configOf() {
  const { config, findings } = loadConfig(sceneOf().configFile, {});
  if (config === null) throw new Error(JSON.stringify(findings));
  return config;
}

describe('the gateway', () => {
  it('does not start before its lanes have compiled their rules', async () => {
    const config = configOf();
    const marker = join(config.dataDir, 'compiled');
    const workerUrl = await laneWith(`writeFileSync(${JSON.stringify(marker)}, '')`);
    const gateway = await startGateway(config, { ...options, workerUrl });
    const wasCompiled = existsSync(marker);
    await gateway.stop(1_000);
    expect(wasCompiled).toBe(true);
  });

  it('leaves nothing behind of a start that failed in a lane', async () => {
    const config = configOf();
    const workerUrl = await laneWith(`throw new Error('no memory for the rules')`);
    await expect(startGateway(config, { ...options, workerUrl })).rejects.toThrow('no memory for the rules');
    const gateway = await startGateway(config, { ...options, workerUrl: new URL(laneUrl) });
    await gateway.stop(1_000);
  });

  it("takes no configuration any more once it stops: the spool may be another process's by then", async () => {
    const config = configOf();
    const gateway = await startGateway(config, { ...options, workerUrl: new URL(laneUrl) });
    const { text, ...ruleSet } = config.ruleSet;
    const other = { ...config, ruleSet: { ...ruleSet, text, hash: 'a'.repeat(32) } };
    const sets = () => readdirSync(join(config.dataDir, 'spool/rule-sets'));
    const stopped = gateway.stop(1_000);
    await expect(gateway.reload(other)).rejects.toThrow('stopping');
    await stopped;
    await expect(gateway.reload(other)).rejects.toThrow('stopping');
    expect(sets()).not.toContain(`${other.ruleSet.hash}.json`);
  });
});
