/**
 * One function per thing that happens: it logs and counts together, so that logs and metrics never disagree. Parts are given the
 * functions they need. Nothing here runs per message: counts come per batch.
 */
import type { Logger } from 'pino';
import { type Finding, formatFinding } from './errors.ts';
import type { Metrics } from './metrics.ts';

export type Events = ReturnType<typeof createEvents>;

export function createEvents(log: Logger, metrics: Metrics) {
  return {
    /** Escape for start-up code that has not happened to anything yet. */
    log,
    ...connectionEvents(log, metrics),
    journalFailed(journalClass: string, cause: Error): void {
      metrics.journalFailures.inc({ class: journalClass });
      log.error(
        { class: journalClass, err: cause },
        'Journal could not be written; nothing of this commit is acknowledged.',
      );
    },
    journalDamageFound(journalClass: string, file: string, offset: number, byteLength: number): void {
      metrics.journalDamagedBytes.inc({ class: journalClass }, byteLength);
      log.error(
        { class: journalClass, file, offset, byteLength },
        'Journal bytes failed their checksum; the rest is read on.',
      );
    },
    journalStuck(journalClass: string, cause: Error): void {
      log.error({ class: journalClass, err: cause }, 'Journal holds all acknowledgements until its disk works again.');
    },
    journalRecovered(journalClass: string): void {
      log.info({ class: journalClass }, 'Journal can be written again.');
    },
    spoolStepFailed(step: string, cause: Error): void {
      log.warn({ step, err: cause }, 'A step of the spool failed; it will be tried again.');
    },
    ruleSetLost(hash: string): void {
      log.error(
        { hash },
        'Stored rule set is missing or damaged; what was acknowledged under it is evaluated under the newest one.',
      );
    },
    diskLevelChanged(level: 'ok' | 'warn' | 'holdNormal' | 'holdAll', usedRatio: number, freeBytes: number): void {
      const fields = { level, usedRatio, freeBytes };
      if (level === 'ok') log.info(fields, 'Disk has room again.');
      else if (level === 'warn') log.warn(fields, 'Disk is filling up.');
      else log.error(fields, 'Disk is nearly full; acknowledgements are held.');
    },
    outboxEntryDamaged(action: string, file: string): void {
      log.error({ action, file }, 'Outbox entry failed its checksum; it was set aside.');
    },
    outboxStranded(folder: string, entryCount: number): void {
      log.error(
        { folder, entryCount },
        'Outbox of an action that is no longer configured has entries; nobody delivers them. Configure the action again under its rule and place and in its format, or keep the folder.',
      );
    },
    laneDied(lane: number, cause: Error): void {
      metrics.laneRestarts.inc({ lane: String(lane) });
      log.error({ lane, err: cause }, 'Lane worker died; it is started again and its slab is read again.');
    },
    deliveryFailing(action: string, status: 'retry' | 'held' | 'rejected', cause: Error): void {
      metrics.actionFailing.set({ action }, 1);
      log.warn({ action, status, err: cause }, 'Delivery is failing; it will be tried again.');
    },
    deliveryRecovered(action: string): void {
      metrics.actionFailing.set({ action }, 0);
      log.info({ action }, 'Delivery works again.');
    },
    connectorFailing(name: string, reason: string): void {
      metrics.connectorFailing.set({ function: name }, 1);
      log.warn({ function: name, reason: reason.slice(0, 500) }, 'Connector is failing; messages that need it fail.');
    },
    connectorRecovered(name: string): void {
      metrics.connectorFailing.set({ function: name }, 0);
      log.info({ function: name }, 'Connector works again.');
    },
    /** `rule`: '' where none could be asked. */
    deadLettersWritten(rule: string, action: string, code: string, messageCount: number, reason: string): void {
      if (action !== '') metrics.actionDeadLettered.inc({ action }, messageCount);
      log.error(
        { rule, action, code, messageCount, reason: reason.slice(0, 500) },
        'Messages went to the dead letters. headgate dlq list shows them.',
      );
    },
    schemaFrozen(action: string, file: string): void {
      log.info({ action, file }, 'Avro schema was inferred and is frozen from now on.');
    },
    ...ruleSetEvents(log, metrics),
  };
}

function connectionEvents(log: Logger, metrics: Metrics) {
  return {
    connectionAccepted(): void {
      metrics.connectionsAccepted.inc();
      metrics.connections.inc();
    },
    connectionClosed(): void {
      metrics.connections.dec();
    },
    connectionRefused(reason: string, address: string, clientId: string): void {
      metrics.connectionsRefused.inc({ reason });
      log.warn({ reason, address, clientId: clientId.slice(0, 128) }, 'Connection was refused.');
    },
    connectionCut(reason: string, address: string, clientId: string): void {
      metrics.connectionsCut.inc({ reason });
      log.warn({ reason, address, clientId: clientId.slice(0, 128) }, 'Connection was cut.');
    },
    publishDenied(address: string, clientId: string, principal: string, topic: string): void {
      log.warn(
        { address, clientId: clientId.slice(0, 128), principal, topic: topic.slice(0, 128) },
        'A client publishes where its user may not; such messages are acknowledged and dropped. This is told once a connection.',
      );
    },
    ruleNotFound(rule: string): void {
      log.warn(
        { rule },
        'A device addresses a rule by Basic Ingest that is not there or not enabled; its messages go nowhere.',
      );
    },
  };
}

function ruleSetEvents(log: Logger, metrics: Metrics) {
  return {
    /** Once per action and rule set. */
    fieldsLeftOut(action: string): void {
      log.warn(
        { action },
        'The rule selects fields that the Avro schema of this action does not have; they are left out. Add them to the schema, or do not select them.',
      );
    },
    reloadRefused(findings: readonly Finding[]): void {
      metrics.reloads.inc({ outcome: 'refused' });
      metrics.reloadSuccessful.set(0);
      const errors = findings.filter(({ severity }) => severity === 'error');
      for (const finding of errors)
        log.error({ finding: formatFinding(finding) }, 'Changed configuration has a mistake.');
      log.error({ mistakes: errors.length }, 'Changed configuration was refused; the one before stays in force.');
    },
    reloadFailed(cause: Error): void {
      metrics.reloads.inc({ outcome: 'failed' });
      metrics.reloadSuccessful.set(0);
      log.error({ err: cause }, 'Changed configuration could not be taken; the one before stays in force.');
    },
    reloadApplied(
      rules: number,
      isChanged: boolean,
      needRestart: readonly string[],
      findings: readonly Finding[],
    ): void {
      metrics.reloads.inc({ outcome: isChanged ? 'applied' : 'unchanged' });
      metrics.reloadSuccessful.set(1);
      metrics.reloadTime.setToCurrentTime();
      for (const finding of findings) log.warn({ finding: formatFinding(finding) }, 'Configuration has a warning.');
      if (needRestart.length > 0)
        log.warn(
          { sections: needRestart },
          'Sections of the configuration changed that need a restart to take effect.',
        );
      log.info({ rules, isChanged }, 'Configuration was read again.');
    },
    ruleSetInForce(hash: string, rules: number): void {
      metrics.rules.set(rules);
      metrics.ruleSetInfo.reset();
      metrics.ruleSetInfo.set({ hash }, 1);
      metrics.ruleSetTime.setToCurrentTime();
      log.info({ hash, rules }, 'Rule set is in force.');
    },
    ruleSetUnreadable(hash: string, findings: readonly Finding[]): void {
      for (const finding of findings) log.error({ finding: formatFinding(finding) }, 'Stored rule set has a mistake.');
      log.error(
        { hash },
        'Messages were acknowledged under a rule set that cannot be used any more; the newest one evaluates them.',
      );
    },
    watchFailed(cause: Error): void {
      log.warn({ err: cause }, 'Files of the configuration cannot be watched; send SIGHUP after a change.');
    },
  };
}
