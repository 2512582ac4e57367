import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort, startModule, startOnPort } from '../../../bench/measure/server.ts';
import { folderOf } from '../../support/folder.ts';

const printsItsPort = `
import { createServer } from 'node:net';
const server = createServer().listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
`;
const isToldItsPort = `
import { createServer } from 'node:net';
console.log('at work');
createServer().listen(Number(process.argv[2]), '127.0.0.1');
`;
const fails = `
console.error('The cellar is flooded.');
process.exit(3);
`;

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

describe('a server under test', () => {
  it('is up when its start resolves, and gone when its stop does', async () => {
    const server = await startModule(join(folderOf({ 'server.mjs': printsItsPort }), 'server.mjs'));
    expect(await accepts(server.port)).toBe(true);
    await server.stop();
    expect(await accepts(server.port)).toBe(false);
    expect(() => process.kill(server.pid, 0)).toThrow();
  });

  it('listens on the port it was told, and what it printed is kept', async () => {
    const port = await freePort();
    const script = join(folderOf({ 'server.mjs': isToldItsPort }), 'server.mjs');
    const server = await startOnPort(process.execPath, [script, String(port)], port, 'kept');
    expect(await accepts(port)).toBe(true);
    expect((await server.stop()).output).toBe('at work\n');
  });

  it('that ends instead of listening is reported with what it said', async () => {
    const script = join(folderOf({ 'server.mjs': fails }), 'server.mjs');
    await expect(startOnPort(process.execPath, [script], await freePort(), 'ignored')).rejects.toThrow(
      /code 3: The cellar is flooded/,
    );
  });

  it('that does not exist is reported', async () => {
    await expect(startOnPort('/no/such/program', [], await freePort(), 'ignored')).rejects.toThrow('ENOENT');
  });
});
