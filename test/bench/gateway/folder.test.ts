import { describe, expect, it } from 'vitest';
import { writeGatewayFolder } from '../../../bench/gateway/folder.ts';
import { loadConfig } from '../../../src/config.ts';
import { folderOf } from '../../support/folder.ts';

describe('writeGatewayFolder', () => {
  it.each(['file', 'stdout', null] as const)('writes a configuration that is accepted, action %s', (action) => {
    const { config } = writeGatewayFolder(folderOf(), { port: 1883, adminPort: 9464, action, otherRules: 3 });
    const { findings, config: loaded } = loadConfig(config, {});
    expect(findings).toEqual([]);
    expect(loaded?.ruleSet.rules).toHaveLength(action === null ? 3 : 4);
  });
});
