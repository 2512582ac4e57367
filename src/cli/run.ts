import { pino } from 'pino';
import { loadConfig, loadConfigInTurns } from '../config.ts';
import { asError, CodedError, formatFinding } from '../errors.ts';
import { startGateway } from '../gateway.ts';
import type { Host } from './host.ts';
import { startReloading } from './start-reloading.ts';
import { stopInTime } from './stop-in-time.ts';

/** Less than the ten seconds that Docker and systemd commonly grant. */
const STOP_DEADLINE_MS = 8_000;
/** What a stop may take in all. */
const STOP_MS_MAX = 9_500;

/** What a rule may have meant is for `headgate check` to ask: with many rules it takes time and memory of a start. */
const QUICKLY = { isAnalysed: false };

/** `headgate run`: starts a gateway and resolves with the exit code once a stop signal has been served. A second signal leaves at once. */
export async function run(file: string, host: Host): Promise<number> {
  const { config, findings } = loadConfig(file, host.env, QUICKLY);
  for (const finding of findings) host.complain(formatFinding(finding));
  if (config === null) return 1;
  const log = pino(
    { level: config.log.level, base: { gateway: config.gateway.id, pid: host.process.pid } },
    { write: (line: string) => host.write(line) },
  );
  const stopped = new Promise<void>((resolve) => {
    host.onStopSignal((count) => {
      if (count > 1) host.exit(130);
      resolve();
    });
  });
  // From before the gateway starts: no change is missed, and a signal that comes early does not end it.
  const reloading = startReloading(config, () => loadConfigInTurns(file, host.env, QUICKLY));
  host.onReloadSignal(reloading.request);
  try {
    const gateway = await startGateway(config, { log, host });
    await reloading.attach(gateway);
    log.info(
      { listeners: gateway.listeners, admin: gateway.admin, rules: config.ruleSet.rules.length },
      'Gateway is ready.',
    );
    await stopped;
    log.info('Gateway is stopping.');
    reloading.stop();
    const leave = (err: Error) => {
      // What may still run must not go on beside the next process.
      log.fatal(
        { err },
        'Gateway could not stop and is left as by a crash; the next start delivers what is in the spool.',
      );
      host.exit(1);
    };
    await stopInTime(
      () => gateway.stop(STOP_DEADLINE_MS).catch((thrown: unknown) => leave(asError(thrown))),
      STOP_MS_MAX,
      () => leave(new Error(`The stop took more than ${STOP_MS_MAX} ms.`)),
    );
    log.info('Gateway has stopped.');
    return 0;
  } catch (error) {
    if (error instanceof CodedError) host.complain(`${error.message} [${error.code}]`);
    else log.fatal({ err: asError(error) }, 'Gateway failed.');
    return 1;
  } finally {
    await reloading.close();
  }
}
