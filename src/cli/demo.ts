/** `headgate demo`: a gateway and a simulated fleet for a while, then a look at what came out. */
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { loadConfig } from '../config.ts';
import { createDisplay } from '../demo/display.ts';
import { play } from '../demo/play.ts';
import { prepareFolder } from '../demo/prepare-folder.ts';
import { isAccountedFor, renderReport } from '../demo/report.ts';
import { CodedError, formatFinding } from '../errors.ts';
import { startGateway } from '../gateway.ts';
import type { Host } from './host.ts';

/** The fleet remembers every acknowledged message, about 100 bytes each: an hour is 3 million of them. */
const secondsMax = 3600;
const defaultSeed = 2;

export interface DemoOptions {
  readonly seconds: number;
  readonly host: Host;
  /** Replaced each time. Default: ./demo-data */
  readonly dir?: string;
}

/** Resolves with the exit code: 0 when every acknowledged message is accounted for in the files. */
export async function runDemo({ seconds, host, dir = 'demo-data' }: DemoOptions): Promise<number> {
  if (!(seconds >= 1 && seconds <= secondsMax)) {
    throw new CodedError('USAGE', `--seconds takes a number from 1 to ${secondsMax}.`);
  }
  const folder = resolve(dir);
  await prepareFolder(fileURLToPath(new URL('../../examples/demo', import.meta.url)), folder);
  const { config, findings } = loadConfig(join(folder, 'headgate.yaml'), host.env);
  for (const finding of findings) host.complain(formatFinding(finding));
  if (config === null) return 1;
  const logFile = createWriteStream(join(folder, 'headgate.log'));
  const log = pino({ level: config.log.level, base: { gateway: config.gateway.id } }, logFile);
  const gateway = await startGateway(config, { log, host });
  const shown = relative('.', folder) || '.';
  host.print(
    `Gateway: MQTT on ${addressOf(gateway.listeners[0])}, metrics on http://${addressOf(gateway.admin)}/metrics`,
  );
  const interrupted = new AbortController();
  host.onStopSignal((count) => {
    if (count > 1) host.exit(130);
    interrupted.abort();
  });
  const display = createDisplay(host.isTerminal, (text) => host.write(text));
  const report = await play({
    gateway,
    seed: defaultSeed,
    seconds,
    dir: shown,
    lakeDir: config.lakeDir,
    now: Date.now,
    clock: () => performance.now(),
    signal: interrupted.signal,
    onProgress: (progress) => display.show(progress),
    onStopping: () => host.print('Sensors stop; the gateway drains and stops; the files are read back.'),
  });
  await writeFile(join(folder, 'metrics.txt'), await gateway.metrics.registry.metrics());
  logFile.end();
  host.print('');
  host.print(renderReport(report));
  return isAccountedFor(report) ? 0 : 1;
}

function addressOf(address: { readonly host: string; readonly port: number } | undefined): string {
  return address === undefined ? 'nowhere' : `${address.host}:${address.port}`;
}
