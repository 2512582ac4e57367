import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connectorsSchema } from '../../src/connectors/config.ts';

const lambda = { functions: ['enrich'] };
const messages = (document: unknown) =>
  (connectorsSchema.safeParse(document).error?.issues ?? []).map(({ path, code }) => `${path.join('.')} ${code}`);

describe('the connectors section', () => {
  it('declares nothing unless it is written, and fills in the defaults', () => {
    expect(connectorsSchema.parse({})).toEqual({ descriptors: [] });
    const call = { timeoutMs: 2_000, cacheSeconds: 0, concurrency: 16 };
    expect(connectorsSchema.parse({ lambda, dynamodb: {}, registry: {}, shadows: {} })).toEqual({
      lambda: { ...lambda, ...call },
      dynamodb: call,
      registry: call,
      shadows: { stateBytesMax: 8_192 },
      descriptors: [],
    });
  });

  it('accepts each bound and refuses what lies beyond', () => {
    const good = [
      { lambda: { ...lambda, timeoutMs: 10, cacheSeconds: 900, concurrency: 1 } },
      { lambda: { ...lambda, timeoutMs: 2_000, concurrency: 64 } },
      { shadows: { stateBytesMax: 30_720 } },
    ];
    for (const document of good) expect(messages(document)).toEqual([]);
    expect(messages({ lambda: { ...lambda, timeoutMs: 2_001, cacheSeconds: 901, concurrency: 0 } })).toEqual([
      'lambda.timeoutMs too_big',
      'lambda.cacheSeconds too_big',
      'lambda.concurrency too_small',
    ]);
    expect(messages({ dynamodb: { timeoutMs: 9, concurrency: 65 }, shadows: { stateBytesMax: 30_721 } })).toEqual([
      'dynamodb.timeoutMs too_small',
      'dynamodb.concurrency too_big',
      'shadows.stateBytesMax too_big',
    ]);
  });

  it('refuses unknown keys, empty lists and URLs that are not HTTP', () => {
    expect(messages({ lamda: {} })).toEqual([' unrecognized_keys']);
    expect(messages({ lambda: { functions: [] } })).toEqual(['lambda.functions too_small']);
    expect(messages({ secrets: [{ id: 'a' }] })).toEqual(['secrets.0.file invalid_type']);
    expect(messages({ machineLearning: { models: [{ id: 'a', url: 'file:///etc/passwd' }] } })).toEqual([
      'machineLearning.models.0.url invalid_format',
    ]);
    expect(messages({ machineLearning: { models: [{ id: 'a', url: 'http://user:secret@localhost/' }] } })).toEqual([
      'machineLearning.models.0.url custom',
    ]);
    expect(messages({ machineLearning: { models: [{ id: 'a', url: 'http://localhost/x@y?a=b@c' }] } })).toEqual([]);
  });

  it('describes every key, for the reference and for editors', () => {
    const undescribed: string[] = [];
    const walk = (schema: Record<string, unknown>, path: string): void => {
      if (schema['properties'] === undefined && schema['items'] === undefined && schema['description'] === undefined)
        undescribed.push(path);
      for (const [key, child] of Object.entries((schema['properties'] ?? {}) as Record<string, object>))
        walk({ ...child }, `${path}.${key}`);
      if (typeof schema['items'] === 'object' && 'properties' in (schema['items'] as object))
        walk({ ...(schema['items'] as object) }, `${path}[]`);
    };
    walk({ ...z.toJSONSchema(connectorsSchema, { io: 'input' }) }, 'connectors');
    expect(undescribed).toEqual([]);
  });
});
