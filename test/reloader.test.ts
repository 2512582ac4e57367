import { describe, expect, it } from 'vitest';
import type { Config, LoadResult } from '../src/config.ts';
import type { Finding } from '../src/errors.ts';
import { Reloader } from '../src/reloader.ts';

const config = { ruleSet: { rules: [1, 2] } } as unknown as Config;
const finding: Finding = {
  severity: 'error',
  code: 'SQL_SYNTAX',
  file: 'a.yaml',
  line: 1,
  column: 1,
  path: '',
  message: 'No.',
};

function reloaderOf(load: () => LoadResult, apply: (config: Config) => Promise<void> = async () => {}) {
  const told: unknown[][] = [];
  const reloader = new Reloader({
    load: async () => load(),
    apply: async (next) => {
      await apply(next);
      return { isChanged: true, needRestart: ['listeners'] };
    },
    ruleCount: () => 2,
    events: {
      reloadRefused: (...parameters) => told.push(['refused', ...parameters]),
      reloadApplied: (...parameters) => told.push(['applied', ...parameters]),
      reloadFailed: (...parameters) => told.push(['failed', ...parameters]),
    },
  });
  return { reloader, told };
}

describe('Reloader', () => {
  it('hands a configuration without mistakes over, and tells what waits for a restart', async () => {
    const applied: Config[] = [];
    const { reloader, told } = reloaderOf(
      () => ({ config, findings: [] }),
      async (next) => void applied.push(next),
    );
    await reloader.request();
    expect(applied).toEqual([config]);
    expect(told).toEqual([['applied', 2, true, ['listeners'], []]]);
  });

  it('refuses one with mistakes and names all of them', async () => {
    const { reloader, told } = reloaderOf(() => ({ config: null, findings: [finding, finding] }));
    await reloader.request();
    expect(told).toEqual([['refused', [finding, finding]]]);
  });

  it('keeps the rules when their files are gone or empty, and takes none where none are wanted', async () => {
    const none = { ruleSet: { rules: [] } } as unknown as Config;
    const gone: Finding = { ...finding, severity: 'warning', code: 'CONFIG_FILE_UNREADABLE', message: 'No file.' };
    const unwanted: Finding = { ...finding, severity: 'warning', code: 'SQL_DOUBTFUL' };
    const { reloader, told } = reloaderOf(() => ({ config: none, findings: [unwanted, gone] }));
    await reloader.request();
    const message = 'No file. No rule would be left. Where none is wanted, write rules: [] in the configuration.';
    expect(told).toEqual([['refused', [{ ...gone, severity: 'error', message }]]]);

    const other = reloaderOf(() => ({ config: none, findings: [unwanted] }));
    await other.reloader.request();
    expect(other.told).toEqual([['applied', 0, true, ['listeners'], [unwanted]]]);

    const some = reloaderOf(() => ({ config, findings: [gone] }));
    await some.reloader.request();
    expect(some.told).toEqual([['applied', 2, true, ['listeners'], [gone]]]);
  });

  it('reads once more for everything that is asked while it is at work', async () => {
    let loads = 0;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { reloader } = reloaderOf(
      () => {
        loads++;
        return { config, findings: [] };
      },
      () => held,
    );
    const requests = [reloader.request(), reloader.request(), reloader.request()];
    release();
    await Promise.all(requests);
    expect(loads).toBe(2);
  });

  it('goes on after a file that cannot be read and a configuration that cannot be applied', async () => {
    let isBroken = true;
    const { reloader, told } = reloaderOf(() => {
      if (isBroken) throw new Error('gone');
      return { config, findings: [] };
    });
    await reloader.request();
    isBroken = false;
    await reloader.request();
    expect(told.map(([kind]) => kind)).toEqual(['failed', 'applied']);
  });
});
