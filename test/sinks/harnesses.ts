import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../../src/errors.ts';
import type { Entry } from '../../src/message.ts';
import { sinkDefinitions } from '../../src/sinks/index.ts';
import type { Republication, Sink, SinkOptions, SinkServices } from '../../src/sinks/sink.ts';
import { folderOf } from '../support/folder.ts';
import { type AwsStub, type StubFault, startAwsStub } from './aws-stub.ts';
import { bytesEntry, fileEntry } from './entries.ts';

/** A sink with the other side of its wire. */
export interface Harness {
  readonly sink: Sink;
  readonly options: SinkOptions;
  /** An entry with this body and a destination of its own where that matters. */
  entry(index: number, body: string | Uint8Array): Entry;
  /** Bodies that the other side has, in order of arrival. */
  accepted(): readonly string[];
  /** Makes the next call or calls meet this; a text says why the sink cannot meet it. */
  readonly faults: Readonly<Record<FaultName, (() => void) | string>>;
  /** Body sizes: the last accepted, the first refused; a text says why there is none. */
  readonly size: { readonly lastAccepted: number; readonly firstRefused: number } | string;
  close(): Promise<void>;
}

export type FaultName =
  | 'partial'
  | 'throttled'
  | 'lost'
  | 'invalid'
  | 'denied'
  | 'silent'
  | 'notThere'
  | 'html'
  | 'truncated'
  | 'reset';

export function services(overrides: Partial<SinkServices> = {}): SinkServices {
  return {
    gatewayId: 'gw-1',
    lakeDir: '/nonexistent',
    republish: async () => {},
    write: async () => {},
    ...overrides,
  };
}

export function planOf(type: string, action: unknown, delivery: unknown, endpoint = 'http://127.0.0.1:9'): SinkOptions {
  const definition = sinkDefinitions.find((candidate) => candidate.type === type);
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };
  const aws = { region: 'eu-west-1', endpoint, credentials };
  const result = definition?.plan(action, delivery, { aws, isAwsKnown: true, schemaNames: ['press'] });
  if (result === undefined || result.plan === null) throw new Error(JSON.stringify(result?.problems));
  return result.options;
}

async function awsHarness(
  type: string,
  action: unknown,
  delivery: unknown,
  destination: (index: number) => Readonly<Record<string, string>>,
  size: Harness['size'],
  partial: Extract<StubFault, { kind: 'partial' }> | string,
  file?: { readonly folder: string },
): Promise<Harness> {
  const stub: AwsStub = await startAwsStub();
  const options = planOf(type, action, delivery, stub.endpoint);
  const inject = (fault: StubFault) => () => {
    stub.faults.push(fault);
  };
  return {
    sink: options.open(services()),
    options,
    entry: (index, body) => {
      if (file === undefined) return bytesEntry(index, body, destination(index));
      const path = join(file.folder, `${index}.sealed`);
      writeFileSync(path, body);
      return fileEntry(index, path, Buffer.byteLength(body), destination(index));
    },
    accepted: () => stub.accepted.map(({ body }) => body.toString()),
    faults: {
      partial: typeof partial === 'string' ? partial : inject(partial),
      throttled: inject({
        kind: 'error',
        status: type === 'sns' ? 400 : 503,
        code: type === 'sns' ? 'Throttled' : 'SlowDown',
      }),
      lost: inject({ kind: 'lost' }),
      invalid: inject({ kind: 'error', status: 400, code: 'InvalidArgumentException' }),
      denied: inject({ kind: 'error', status: 403, code: 'ExpiredToken' }),
      silent: inject({ kind: 'silent' }),
      html: inject({ kind: 'html', status: 502 }),
      truncated: inject({ kind: 'truncated' }),
      reset: inject({ kind: 'reset' }),
      notThere: inject({ kind: 'error', status: 404, code: type === 's3' ? 'NoSuchBucket' : 'NotFoundException' }),
    },
    size,
    close: stub.close,
  };
}

const oneCallEach = 'Each entry is a call of its own: a call fails as a whole.';
const notWired = {
  html: 'No network is between.',
  truncated: 'No network is between.',
  reset: 'No network is between.',
};
const atOnce = 'It answers at once.';

/** One for each definition of the list, more where a sink has several ways. */
export const harnesses: Readonly<Record<string, Readonly<Record<string, () => Promise<Harness>>>>> = {
  firehose: {
    packed: () =>
      awsHarness(
        'firehose',
        { deliveryStreamName: 'telemetry', separator: '\n' },
        {},
        () => ({ deliveryStreamName: 'telemetry' }),
        { lastAccepted: 1_024_000, firstRefused: 1_024_001 },
        { kind: 'partial', indexes: [1], code: 'ServiceUnavailableException' },
      ),
    'one record per message': () =>
      awsHarness(
        'firehose',
        { deliveryStreamName: 'telemetry' },
        { pack: false },
        () => ({ deliveryStreamName: 'telemetry' }),
        { lastAccepted: 1_024_000, firstRefused: 1_024_001 },
        { kind: 'partial', indexes: [1], code: 'InternalFailure' },
      ),
  },
  s3: {
    'one object per message': () =>
      awsHarness(
        's3',
        { bucketName: 'lake', key: 'a' },
        {},
        (index) => ({ bucketName: 'lake', key: `a/${index}` }),
        'Objects up to 5 GiB; journaled messages are far smaller.',
        oneCallEach,
      ),
    'whole objects': () =>
      awsHarness(
        's3',
        { bucketName: 'lake', key: 'a' },
        { batch: {} },
        () => ({ bucketName: 'lake', key: 'press/dt=2026-01-31' }),
        'Objects up to 5 GiB; delivery.batch.bytes ends at 128 MiB.',
        oneCallEach,
        { folder: folderOf() },
      ),
  },
  iotCore: {
    publish: () =>
      awsHarness(
        'iotCore',
        { topic: 'a/b', qos: 1 },
        {},
        () => ({ topic: 'factory/press/état' }),
        { lastAccepted: 131_072, firstRefused: 131_073 },
        oneCallEach,
      ),
  },
  sns: {
    'publish batch': () =>
      awsHarness(
        'sns',
        { targetArn: 'arn:aws:sns:eu-west-1:123456789012:alarms' },
        {},
        () => ({ targetArn: 'arn:aws:sns:eu-west-1:123456789012:alarms' }),
        { lastAccepted: 262_144, firstRefused: 262_145 },
        { kind: 'partial', indexes: [1], code: 'InternalError' },
      ),
  },
  republish: {
    local: async () => {
      const published: Republication[] = [];
      const failures: Error[] = [];
      const options = planOf('republish', { topic: 'x', qos: 1 }, {});
      const republish = async (message: Republication) => {
        const failure = failures.shift();
        if (failure !== undefined) throw failure;
        published.push(message);
      };
      return {
        sink: options.open(services({ republish })),
        options,
        entry: (index, body) => bytesEntry(index, body, { topic: 'alarms/1' }),
        accepted: () => published.map(({ payload }) => Buffer.from(payload).toString()),
        faults: {
          partial: oneCallEach,
          throttled: () => failures.push(new Error('The journal is full.')),
          lost: 'The local broker answers or the whole process ends.',
          invalid: () => failures.push(new CodedError('MESSAGE_TEMPLATE_INVALID', 'refused')),
          denied: 'There are no credentials.',
          silent: atOnce,
          notThere: 'The local broker is this process.',
          ...notWired,
        },
        size: 'The journal bounds what can be published.',
        close: async () => {},
      };
    },
  },
  file: {
    lake: async () => {
      const folder = folderOf();
      const lakeDir = join(folder, 'lake');
      const options = planOf('file', { path: 'p' }, {});
      return {
        sink: options.open(services({ lakeDir })),
        options,
        entry: (index, body) => {
          const path = join(folder, `${index}.sealed`);
          writeFileSync(path, body);
          return fileEntry(index, path, Buffer.byteLength(body), { path: 'press/site=a' });
        },
        accepted: () => {
          const place = join(lakeDir, 'press/site=a');
          if (!existsSync(place)) return [];
          return readdirSync(place)
            .sort()
            .map((name) => readFileSync(join(place, name), 'utf8'));
        },
        faults: {
          partial: oneCallEach,
          throttled: 'A disk does not throttle; a full one is met in its own test.',
          lost: 'The system call answers.',
          invalid: 'Only a bad folder is invalid; see its own test.',
          denied: 'See its own test: a lake that cannot be written.',
          silent: atOnce,
          notThere: 'Folders are made.',
          ...notWired,
        },
        size: 'A disk has no limit of this kind.',
        close: async () => {},
      };
    },
  },
  stdout: {
    lines: async () => {
      const written: string[] = [];
      const failures: Error[] = [];
      const options = planOf('stdout', {}, {});
      const write = async (bytes: Uint8Array) => {
        const failure = failures.shift();
        if (failure !== undefined) throw failure;
        if (bytes.length > 0) written.push(Buffer.from(bytes).toString());
      };
      return {
        sink: options.open(services({ write })),
        options,
        entry: (index, body) => bytesEntry(index, body),
        accepted: () => written,
        faults: {
          partial: oneCallEach,
          throttled: () => failures.push(new Error('EAGAIN')),
          lost: 'The write answers.',
          invalid: 'Every byte can be written.',
          denied: 'There are no credentials.',
          silent: atOnce,
          notThere: 'Standard output is always there, or fails as a write does.',
          ...notWired,
        },
        size: 'A stream has no limit.',
        close: async () => {},
      };
    },
  },
};
