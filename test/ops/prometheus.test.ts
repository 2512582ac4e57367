import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { folderOf } from '../support/folder.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { command, missingPrograms } from './support/command.ts';
import { freePort } from './support/free-port.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy/prometheus');
const RULES = join(DEPLOY, 'headgate-rules.yml');
const PROMETHEUS = 'prometheus';
const isMissing = missingPrograms(PROMETHEUS, 'promtool').length > 0;

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}

interface Rule {
  readonly alert?: string;
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

describe.skipIf(isMissing)('deploy/prometheus', () => {
  it('is accepted by promtool without a complaint', async () => {
    expect(await command('promtool', ['check', 'config', join(DEPLOY, 'prometheus.yml')])).toMatchObject({ code: 0 });
    const rules = await command('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', RULES]);
    expect(rules).toMatchObject({ code: 0, stderr: '' });
  });

  it('passes its unit tests: each alert fires and does not fire', async () => {
    const result = await command('promtool', ['test', 'rules', join(DEPLOY, 'headgate-rules.test.yml')]);
    expect(result, result.stdout + result.stderr).toMatchObject({ code: 0 });
  });

  it('has a unit test for every alert, and each tells what happened, what it means and what to do', () => {
    const tests = readFileSync(join(DEPLOY, 'headgate-rules.test.yml'), 'utf8');
    const alerts = alertRules();
    expect(alerts.length).toBeGreaterThan(15);
    for (const { alert, annotations } of alerts) {
      expect(tests).toContain(`ALERTS{alertname="${alert}", alertstate="firing", severity=`);
      expect(Object.keys(annotations ?? {})).toEqual(['summary', 'description', 'runbook']);
    }
  });

  it('names only metrics that a gateway has', async () => {
    const gateway = await startWithSinkDown();
    const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    const exported = new Set(text.match(/^# TYPE (\w+)/gm)?.map((line) => line.slice('# TYPE '.length)));
    const used = alertRules(true).flatMap(({ expr }) => expr.match(/\bheadgate_\w+/g) ?? []);
    expect(used.map((name) => name.replace(/_bucket$/, '')).filter((name) => !exported.has(name))).toEqual([]);
    const check = await command('promtool', ['check', 'metrics'], { input: text });
    expect(check).toMatchObject({ code: 0, stderr: '' });
    expect(await gateway.stop()).toBe(0);
  });

  it('makes a real Prometheus fire HeadgateSinkFailing for a gateway whose sink is down, and nothing about its books', async () => {
    const gateway = await startWithSinkDown();
    const prometheusUrl = await startPrometheus(gateway.adminUrl);
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.ports[0]}`, { clientId: 'press-1' });
    for (let i = 0; i < 10; i++) await client.publishAsync('press/1', JSON.stringify({ i }), { qos: 1 });
    await client.endAsync();
    const alert = await until(
      'HeadgateSinkFailing to fire',
      async () => {
        const alerts = await alertsOf(prometheusUrl);
        return alerts.find(({ labels, state }) => labels['alertname'] === 'HeadgateSinkFailing' && state === 'firing');
      },
      60_000,
    );
    expect(alert.labels).toMatchObject({ action: 'to_firehose/0', job: 'headgate', severity: 'warning' });
    expect(alert.annotations['summary']).toContain('Action to_firehose/0');
    const names = (await alertsOf(prometheusUrl)).map(({ labels }) => labels['alertname']);
    for (const name of ['HeadgateMessagesImbalance', 'HeadgateActionImbalance', 'HeadgateNotReady', 'HeadgateDown']) {
      expect(names).not.toContain(name);
    }
    expect(await gateway.stop()).toBe(0);
  });
});

function alertRules(withRecords = false): readonly Rule[] {
  const { groups } = parse(readFileSync(RULES, 'utf8')) as RuleFile;
  return groups.flatMap(({ rules }) => rules.filter((rule) => withRecords || rule.alert !== undefined));
}

/** A gateway whose only sink is a Firehose endpoint on a port where nobody listens. */
async function startWithSinkDown(): Promise<GatewayProcess> {
  const dir = folderOf({
    'headgate.yaml': `gateway: { id: watched, dataDir: ./data }
listeners: [{ type: tcp, host: 127.0.0.1, port: 0 }]
auth: { anonymous: true }
rules: [./rules.yaml]
aws: { region: eu-west-1, endpoint: 'http://127.0.0.1:${await freePort()}' }
admin: { host: 127.0.0.1, port: 0 }
`,
    'rules.yaml': `ruleName: to_firehose
awsIotSqlVersion: '2016-03-23'
sql: SELECT * FROM 'press/#'
actions:
  - firehose: { deliveryStreamName: telemetry, separator: "\\n" }
    delivery: { batch: { latencyMs: 10 } }
`,
  });
  return startGatewayProcess(join(dir, 'headgate.yaml'), {
    env: { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
  });
}

/** Scrapes and evaluates every second, with the rules as shipped but for their patience. Resolves with its URL. */
async function startPrometheus(adminUrl: string): Promise<string> {
  const dir = folderOf({
    'prometheus.yml': readFileSync(join(DEPLOY, 'prometheus.yml'), 'utf8')
      .replaceAll(/(scrape|evaluation)_interval: 15s/g, '$1_interval: 1s')
      .replace('scrape_timeout: 10s', 'scrape_timeout: 1s')
      .replace('127.0.0.1:9464', new URL(adminUrl).host),
    'headgate-rules.yml': readFileSync(RULES, 'utf8').replaceAll(/for: \d+m/g, 'for: 2s'),
  });
  const child = spawn(PROMETHEUS, [
    `--config.file=${join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(dir, 'tsdb')}`,
    '--web.listen-address=127.0.0.1:0',
  ]);
  onTestFinished(async () => {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  });
  let output = '';
  let address = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    output += `${line}\n`;
    address = /msg="Listening on" address=(\S+)/.exec(line)?.[1] ?? address;
  });
  await until('Prometheus to listen', () => address !== '' || failOn(child.exitCode, output), 20_000);
  return `http://${address}`;
}

function failOn(exitCode: number | null, output: string): false {
  if (exitCode !== null) throw new Error(`Prometheus ended with ${exitCode}:\n${output}`);
  return false;
}

interface Alert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

async function alertsOf(prometheusUrl: string): Promise<readonly Alert[]> {
  const response = await fetch(`${prometheusUrl}/api/v1/alerts`);
  return ((await response.json()) as { data: { alerts: Alert[] } }).data.alerts;
}
