import { describe, expect, it } from 'vitest';
import { outboxNames, progressKeys } from '../src/progress-keys.ts';

function action(id: string, type: string, destination: Readonly<Record<string, string>>) {
  return { id, ruleName: id.split('/')[0] ?? '', type, form: 'container', codec: 'null', destination } as const;
}

const stream = { deliveryStreamName: 'telemetry' };
const folder = { path: 'press' };

describe('progressKeys', () => {
  it('stay with an action when another is put before it, and when they change places', () => {
    const [firehose, file] = progressKeys([action('press/0', 'firehose', stream), action('press/1', 'file', folder)]);
    expect(firehose).not.toBe(file);
    expect(progressKeys([action('press/0', 'file', folder), action('press/1', 'firehose', stream)])).toEqual([
      file,
      firehose,
    ]);
    const [added, ...rest] = progressKeys([
      action('press/0', 'sns', { targetArn: 'arn' }),
      action('press/1', 'firehose', stream),
      action('press/2', 'file', folder),
    ]);
    expect(rest).toEqual([firehose, file]);
    expect([firehose, file]).not.toContain(added);
  });

  it('do not depend on the order in which destination fields are written', () => {
    const one = progressKeys([action('press/0', 's3', { bucketName: 'b', key: 'k' })]);
    expect(progressKeys([action('press/0', 's3', { key: 'k', bucketName: 'b' })])).toEqual(one);
  });

  it('differ between rules, destinations, twins, and an error action', () => {
    const keys = progressKeys([
      action('press/0', 'file', folder),
      action('press/1', 'file', folder),
      action('press/2', 'file', { path: 'other' }),
      action('press/error', 'file', folder),
      action('oven/0', 'file', folder),
    ]);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('outboxNames', () => {
  it('never lets what one type of action left meet the sink of another', () => {
    const before = outboxNames([action('press/0', 'firehose', stream), action('press/1', 'file', folder)]);
    const after = outboxNames([action('press/0', 'file', folder), action('press/1', 'firehose', stream)]);
    expect(after).toEqual([before[1], before[0]]);
    expect(outboxNames([action('press/0', 'file', folder), action('press/error', 'file', folder)])).toEqual([
      'press/file-container-0',
      'press/error-file-container-0',
    ]);
  });

  it('never let what was made in one format meet a sink of another; the codec of blocks makes none', () => {
    const upload = action('press/0', 's3', folder);
    const names = outboxNames([
      upload,
      { ...upload, form: 'each' },
      { ...upload, form: 'lines' },
      { ...upload, form: 'lines', codec: 'gzip' },
      { ...upload, codec: 'deflate' },
    ]);
    expect(names).toEqual([
      'press/s3-container-0',
      'press/s3-0',
      'press/s3-lines-0',
      'press/s3-gzip-0',
      'press/s3-container-1',
    ]);
  });

  it('are all different', () => {
    const names = outboxNames([0, 1, 2].map((place) => action(`press/${place}`, 's3', folder)));
    expect(new Set(names).size).toBe(3);
  });
});
