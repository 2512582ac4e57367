import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOf } from '../support/folder.ts';
import { command, missingPrograms } from './support/command.ts';

const UNIT = join(import.meta.dirname, '../../deploy/systemd/headgate.service');

describe.skipIf(missingPrograms('systemd-analyze').length > 0)('deploy/systemd', () => {
  it('is a unit that systemd accepts without a complaint, and finds well confined', async () => {
    // The program need not be installed here; everything else is as shipped.
    const file = join(folderOf(), 'headgate.service');
    writeFileSync(file, readFileSync(UNIT, 'utf8').replace('/usr/local/bin/headgate', process.execPath));
    const verified = await command('systemd-analyze', ['verify', '--man=no', file]);
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    // Exposure in tenths: at most 2.0 of 10.
    const judged = await command('systemd-analyze', ['security', '--offline=true', '--threshold=20', file]);
    expect(judged, judged.stdout).toMatchObject({ code: 0 });
  });
});
