/**
 * Every metric, declared once; docs/reference/metrics.md is generated from here. Labels come from configuration or from fixed
 * sets, never from a topic, a client or a payload.
 *
 * Two balances hold at any time (and an alert watches them):
 * - messages: received = unmatched + evaluated + dropped + in flight
 * - per action: emitted = delivered + in flight + dead-lettered + dropped
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS_FAST = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const SECONDS_SLOW = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export type Metrics = ReturnType<typeof createMetrics>;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: a list of declarations, one line each; it branches nowhere.
export function createMetrics(registry = new Registry()) {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter<L>({ name: `headgate_${name}`, help, labelNames: [...labelNames], registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge<L>({ name: `headgate_${name}`, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly L[] = [],
  ) =>
    new Histogram<L>({ name: `headgate_${name}`, help, buckets: [...buckets], labelNames: [...labelNames], registers });
  return {
    registry,
    // Messages: received = unmatched + evaluated + dropped + in flight
    messagesReceived: counter(
      'messages_received_total',
      'PUBLISH packets accepted from clients, wills and rules, by QoS.',
      ['qos'],
    ),
    messagesReceivedBytes: counter('messages_received_bytes_total', 'Payload bytes of the messages received.'),
    messagesUnmatched: counter('messages_unmatched_total', 'Messages received that no enabled rule selects by topic.'),
    messagesEvaluated: counter('messages_evaluated_total', 'Messages that a lane has evaluated (replays not counted).'),
    messagesReplayed: counter(
      'messages_replayed_total',
      'Messages evaluated again from the journal, after a restart or a lost worker.',
    ),
    messagesDropped: counter('messages_dropped_total', 'Messages that go nowhere, by reason.', ['reason']),
    messagesInFlight: gauge('messages_in_flight', 'Messages received and not yet evaluated.'),
    messagesAcknowledged: counter('messages_acknowledged_total', 'PUBACK and PUBREC packets sent, by QoS.', ['qos']),
    // Rules
    ruleMatched: counter('rule_matched_total', 'Messages for which the WHERE of a rule was true.', ['rule']),
    ruleNotTrue: counter('rule_not_true_total', 'Messages for which the WHERE of a rule was not true.', ['rule']),
    rules: gauge('rules', 'Enabled rules of the rule set in force.'),
    ruleSetInfo: gauge('rule_set_info', 'Always 1; its label tells the rule set in force, as the log does.', ['hash']),
    ruleSetTime: gauge(
      'rule_set_in_force_since_seconds',
      'When the rule set in force was taken, seconds since the epoch.',
    ),
    reloads: counter(
      'reloads_total',
      'Times that the configuration was read again, by outcome: applied, unchanged, refused, failed.',
      ['outcome'],
    ),
    reloadSuccessful: gauge(
      'reload_last_successful',
      '1 unless the newest configuration on disk was refused; then the one before is in force.',
    ),
    reloadTime: gauge(
      'reload_last_success_seconds',
      'When the configuration was last read again and found right, seconds since the epoch; 0 = never since the start.',
    ),
    ruleFailed: counter('rule_failed_total', 'Messages on which a rule failed.', ['rule']),
    // Actions: emitted = delivered + in flight + dead-lettered + dropped
    actionEmitted: counter('action_emitted_total', 'Messages that a rule emitted through an action.', ['action']),
    actionDelivered: counter('action_delivered_total', 'Messages whose delivery the destination confirmed.', [
      'action',
    ]),
    actionDeadLettered: counter('action_dead_lettered_total', 'Messages that went to the dead letters.', ['action']),
    actionDropped: counter(
      'action_dropped_total',
      'Messages that an action did not deliver itself, by reason: error-action (told instead), handed-over (changed rules: its successor counts them).',
      ['action', 'reason'],
    ),
    actionInFlight: gauge('action_in_flight', 'Messages emitted and not yet settled.', ['action']),
    actionRawBytes: counter('action_raw_bytes_total', 'Payload bytes, as received, of the messages delivered.', [
      'action',
    ]),
    actionEncodedBytes: counter(
      'action_encoded_bytes_total',
      'Bytes of the messages delivered, encoded but not compressed.',
      ['action'],
    ),
    actionDeliveredBytes: counter('action_delivered_bytes_total', 'Bytes sent and confirmed.', ['action']),
    actionBacklogBytes: gauge(
      'action_backlog_bytes',
      'Encoded bytes that wait for delivery, in memory and in the outbox.',
      ['action'],
    ),
    actionOutboxBytes: gauge('action_outbox_bytes', 'Encoded bytes that wait in the outbox on disk.', ['action']),
    actionOldestSeconds: gauge(
      'action_oldest_undelivered_seconds',
      'Age of the oldest message not yet delivered; 0 when none waits.',
      ['action'],
    ),
    actionDeliverySeconds: histogram('action_delivery_seconds', 'Time of one delivery attempt.', SECONDS_SLOW, [
      'action',
    ]),
    actionAttempts: counter(
      'action_attempts_total',
      'Entries attempted, by outcome: delivered, retry, held, rejected.',
      ['action', 'outcome'],
    ),
    actionFailing: gauge('action_failing', '1 while the last attempt of an action failed or its sink is held.', [
      'action',
    ]),
    // Connectors: services behind SQL functions
    connectorCalls: counter(
      'connector_calls_total',
      'Calls of services by SQL functions, by outcome: answered, refused (this call), failed (the service).',
      ['function', 'outcome'],
    ),
    connectorSeconds: histogram(
      'connector_seconds',
      'Time from a call of a SQL function to its answer, waits included; calls served from the cache not counted.',
      SECONDS_FAST,
      ['function'],
    ),
    connectorCacheHits: counter('connector_cache_hits_total', 'Calls of services that the cache answered.', [
      'function',
    ]),
    connectorFailing: gauge('connector_failing', '1 while the service behind a SQL function fails.', ['function']),
    // Journal and disk
    journalCommitSeconds: histogram(
      'journal_fsync_seconds',
      'Time of one write and fdatasync of the journal.',
      SECONDS_FAST,
      ['class'],
    ),
    journalCommitMessages: histogram(
      'journal_commit_messages',
      'Messages per commit of the journal.',
      [1, 4, 16, 64, 256, 1024, 4096, 16384],
      ['class'],
    ),
    journalBytes: gauge('journal_bytes', 'Bytes of journal segments on disk.', ['class']),
    journalBacklogMessages: gauge(
      'journal_backlog_messages',
      'Messages in the journal whose delivery is not settled.',
      ['class'],
    ),
    journalFailures: counter('journal_failures_total', 'Failed writes or syncs of the journal.', ['class']),
    journalDamagedBytes: counter(
      'journal_damaged_bytes_total',
      'Bytes of the journal that failed their checksum at recovery.',
      ['class'],
    ),
    deadLetterBytes: gauge('dead_letter_bytes', 'Bytes of dead letters on disk.'),
    diskFreeBytes: gauge('disk_free_bytes', 'Free bytes of the file system that holds the data directory.'),
    diskUsedRatio: gauge('disk_used_ratio', 'Used share of the file system that holds the data directory.'),
    // Broker
    connections: gauge('connections', 'Clients connected now.'),
    connectionsAccepted: counter('connections_accepted_total', 'Clients that were let in.'),
    connectionsRefused: counter('connections_refused_total', 'Connections closed before or at CONNECT, by reason.', [
      'reason',
    ]),
    connectionsCut: counter('connections_cut_total', 'Connections closed by the gateway after CONNECT, by reason.', [
      'reason',
    ]),
    localMessagesDropped: counter(
      'local_messages_dropped_total',
      'Messages not delivered to a local subscriber, by reason: its queue is full, or it does not read.',
      ['reason'],
    ),
    // Lanes and process
    laneBusySeconds: counter('lane_busy_seconds_total', 'Time that lanes spent evaluating and encoding.', ['lane']),
    laneBacklogBytes: gauge('lane_backlog_bytes', 'Bytes handed to a lane and not yet answered.', ['lane']),
    laneRestarts: counter('lane_restarts_total', 'Workers that died and were started again.', ['lane']),
    avroFieldsUnknown: counter('avro_fields_unknown_total', 'Fields left out because the schema does not have them.', [
      'action',
    ]),
    eventLoopLagSeconds: gauge(
      'event_loop_lag_seconds',
      'Event loop delay of the main thread over the last interval, 99th percentile.',
    ),
    processResidentBytes: gauge('process_resident_memory_bytes', 'Resident memory of the process.'),
    processCpuSeconds: counter('process_cpu_seconds_total', 'User and system CPU time of the process.'),
    startTime: gauge('start_time_seconds', 'When the process started, seconds since the epoch.'),
    ready: gauge('ready', '1 when /readyz answers 200.'),
    buildInfo: gauge('build_info', 'Always 1; its labels tell the version.', ['version', 'node']),
  };
}
