import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { sceneOf } from './scene.ts';

const MAIN = join(import.meta.dirname, '../../dist/main.js');
/** Runs a command in a process that then tells which packages it loaded. ES modules are not among them; the large ones are CommonJS. */
const TELL_PACKAGES = `
  const { _cache } = require('node:module');
  process.on('exit', () => {
    const names = Object.keys(_cache).map((file) => /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(file)?.[1]);
    process.stderr.write(JSON.stringify([...new Set(names)]));
  });
  import(${JSON.stringify(MAIN)});
`;

async function packagesOf(...args: string[]): Promise<readonly string[]> {
  const { stderr } = await promisify(execFile)(process.execPath, ['-e', TELL_PACKAGES, 'headgate', ...args]);
  return JSON.parse(stderr) as string[];
}

describe('a command', () => {
  it('that prints the version loads nothing but the command line', async () => {
    expect(await packagesOf('--version')).toEqual(['commander']);
  });

  it('that checks a configuration loads neither the SDK nor what a running gateway needs', async () => {
    const packages = await packagesOf('check', '--config', sceneOf().configFile);
    expect(packages).toContain('yaml');
    const unneeded = packages.filter((name) =>
      /^(@aws-sdk|@smithy)\/|^(aedes|piscina|pino|prom-client|mqtt)$/.test(name),
    );
    expect(unneeded).toEqual([]);
  });
});
