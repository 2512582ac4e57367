/** What end-to-end tests stand on: a configuration in a folder of its own, and MQTT clients. */
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { onTestFinished } from 'vitest';
import { folderOf } from '../support/folder.ts';
import { type GatewayProcess, type StartOptions, startGatewayProcess } from '../support/gateway-process.ts';

const READINGS_SCHEMA = JSON.stringify({
  type: 'record',
  name: 'Reading',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'value', type: ['null', 'double'], default: null },
    { name: 'line', type: 'string' },
    { name: 'received_at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'seq', type: 'long' },
    { name: 'gateway', type: 'string' },
  ],
});

const READINGS_RULE = `ruleName: readings
sql: SELECT id, value, topic(2) AS line FROM 'floor/+/reading' WHERE value < 1000
awsIotSqlVersion: '2016-03-23'
actions:
  - file: { path: 'readings/line=\${topic(2)}' }
    delivery:
      schema: reading
      fields: { received_at: receiveTime, seq: sequence, gateway: gatewayId }
`;

export interface Scene {
  readonly dir: string;
  readonly configFile: string;
  readonly lakeDir: string;
}

/** A gateway on one loopback listener, anonymous unless `headgate` says otherwise. */
export function sceneOf(files: Readonly<Record<string, string>> = {}): Scene {
  const dir = folderOf({
    'headgate.yaml': `gateway: { id: e2e }
listeners: [ { type: tcp, host: 127.0.0.1, port: 0 } ]
auth: { anonymous: true }
journal: { durability: fsync, classes: { alarm: [ 'alarms/#' ] } }
rules: [ ./rules/*.yaml ]
schemas: [ ./schemas/*.avsc ]
admin: { port: 0 }
`,
    'rules/readings.yaml': READINGS_RULE,
    'schemas/reading.avsc': READINGS_SCHEMA,
    ...files,
  });
  return { dir, configFile: join(dir, 'headgate.yaml'), lakeDir: join(dir, 'data/lake') };
}

/** Starts the scene's gateway; whatever is left of it is killed when the test is over. */
export async function start(scene: Scene, options: StartOptions = {}): Promise<GatewayProcess> {
  const gateway = await startGatewayProcess(scene.configFile, options);
  onTestFinished(() => gateway.kill());
  return gateway;
}

export async function connect(gateway: GatewayProcess, options: mqtt.IClientOptions = {}): Promise<MqttClient> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.ports[0]}`, { reconnectPeriod: 0, ...options });
  client.on('error', () => undefined);
  onTestFinished(() => {
    client.end(true);
  });
  return client;
}
