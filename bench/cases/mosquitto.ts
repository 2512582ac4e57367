import { accessSync, constants, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { BenchCase } from '../case.ts';
import { loadServer } from '../measure/broker-run.ts';
import { freePort, startOnPort } from '../measure/server.ts';

/** Debian puts it where an ordinary user's PATH does not look. */
const FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin'];

export const mosquitto: BenchCase = {
  name: 'mosquitto',
  question: 'What does Mosquitto do at QoS 1 as a broker only: persistence off, anybody allowed, nothing subscribed?',
  async run(context) {
    const command = findCommand('mosquitto');
    if (command === null) return { status: 'absent', reason: 'mosquitto is not installed' };
    const port = await freePort();
    const config = join(context.directory, 'mosquitto.conf');
    writeFileSync(
      config,
      [
        `listener ${port} 127.0.0.1`,
        'allow_anonymous true',
        'persistence false',
        'sys_interval 0',
        'max_inflight_messages 0',
        'log_type error',
        '',
      ].join('\n'),
    );
    const server = await startOnPort(command, ['-c', config], port, 'kept');
    try {
      return (await loadServer(server, 1, context)).measurement;
    } finally {
      await server.stop();
    }
  },
};

function findCommand(name: string): string | null {
  const { PATH = '' } = process.env;
  const folders = [...PATH.split(delimiter), ...FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: both mean that another folder is to be tried.
    return false;
  }
}
