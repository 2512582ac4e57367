import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkConnectors } from '../../src/connectors/check.ts';
import { connectorsSchema } from '../../src/connectors/config.ts';
import { loadDescriptors } from '../../src/connectors/descriptors.ts';
import { folderOf } from '../support/folder.ts';

const aws = { region: 'eu-west-1' };

function found(document: unknown, given: Partial<Parameters<typeof checkConnectors>[1]> = {}) {
  const problems = checkConnectors(connectorsSchema.parse(document), { aws, isAwsKnown: true, baseDir: '/', ...given });
  return problems.map(({ path, code, message }) => `${path.join('.')} ${code}: ${message}`);
}

describe('checking the connectors section', () => {
  it('wants a region for what AWS answers, unless the aws section has mistakes of its own', () => {
    const document = { lambda: { functions: ['f'] }, dynamodb: {}, registry: { aws: { region: 'eu-west-1' } } };
    expect(found(document)).toEqual([]);
    expect(found(document, { aws: null, isAwsKnown: false })).toEqual([]);
    expect(found(document, { aws: null })).toEqual([
      'connectors.lambda CONFIG_REFERENCE_UNKNOWN: The lambda connector needs a region. Write aws: { region: … } in the configuration.',
      'connectors.dynamodb CONFIG_REFERENCE_UNKNOWN: The dynamodb connector needs a region. Write aws: { region: … } in the configuration.',
    ]);
  });

  it('finds secrets whose file is missing, no file or too large, and ids that stand twice', () => {
    const baseDir = folderOf({ good: 'x'.repeat(65_536), large: 'x'.repeat(65_537) });
    mkdirSync(join(baseDir, 'folder'));
    const secrets = ['good', 'missing', 'folder', 'large'].map((file) => ({ id: file, file }));
    const lines = found({ secrets: [...secrets, { id: 'good', file: 'good' }] }, { baseDir });
    expect(lines).toEqual([
      expect.stringMatching(/^connectors\.secrets\.1\.file CONFIG_FILE_UNREADABLE: .*missing cannot be used: ENOENT/),
      expect.stringMatching(/^connectors\.secrets\.2\.file CONFIG_FILE_UNREADABLE: .*it is not a file/),
      expect.stringMatching(/^connectors\.secrets\.3\.file CONFIG_FILE_UNREADABLE: .*larger than 65536 bytes/),
      'connectors.secrets.4.id CONFIG_DUPLICATE: The secret good stands here twice. Remove one.',
    ]);
  });

  it('finds models that stand twice', () => {
    const models = ['a', 'b', 'a'].map((id) => ({ id, url: 'http://127.0.0.1:1/' }));
    expect(found({ machineLearning: { models } })).toEqual([
      'connectors.machineLearning.models.2.id CONFIG_DUPLICATE: The model a stands here twice. Remove one.',
    ]);
  });

  it('loads descriptors, and finds those that are missing, empty, too large or given twice', () => {
    const baseDir = folderOf({ good: 'x'.repeat(32_768), large: 'x'.repeat(32_769), empty: '' });
    const descriptor = (file: string, key = file) => ({ bucket: 'b', key, file });
    const files = ['good', 'missing', 'large', 'empty'].map((file) => descriptor(file));
    const document = { descriptors: [...files, descriptor('good', 'other'), descriptor('large', 'good')] };
    expect(found(document, { baseDir })).toEqual([
      expect.stringMatching(
        /^connectors\.descriptors\.1\.file CONFIG_FILE_UNREADABLE: .*missing cannot be used: ENOENT/,
      ),
      expect.stringMatching(
        /^connectors\.descriptors\.2\.file CONFIG_FILE_UNREADABLE: .*32769 bytes, and at most 32768/,
      ),
      expect.stringMatching(/^connectors\.descriptors\.3\.file CONFIG_FILE_UNREADABLE: .*it is empty/),
      'connectors.descriptors.5.key CONFIG_DUPLICATE: The object good of the bucket b stands here twice. Remove one.',
    ]);
    const { descriptors } = loadDescriptors(connectorsSchema.parse(document).descriptors, baseDir);
    expect(descriptors.map(({ bucket, key, bytes }) => [bucket, key, bytes.length])).toEqual([
      ['b', 'good', 32_768],
      ['b', 'other', 32_768],
    ]);
  });
});
