import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOf } from '../support/folder.ts';
import { ok, reasonOf, scene } from './scene.ts';

const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf';

function vault(files: Record<string, string | Buffer>) {
  const baseDir = folderOf();
  const put = (name: string, value: string | Buffer) => writeFileSync(join(baseDir, name), value);
  for (const [name, value] of Object.entries(files)) put(name, value);
  const secrets = [
    { id: 'plain', file: 'plain' },
    { id: arn, file: 'json' },
    { id: 'missing', file: 'missing' },
  ];
  return { ...scene({ secrets }, { baseDir }), baseDir, put };
}

describe('get_secret', () => {
  it('gives a text as a String, without the line break at its end', async () => {
    const { ask } = vault({ plain: 'pass"word\n' });
    expect(await ask('get_secret', 'plain', 'SecretString')).toEqual(ok('"pass\\"word"'));
  });

  it('gives a JSON object whole, or one of its values, digits included', async () => {
    const { ask } = vault({ json: '{"user": "u", "pin": 9007199254740993, "__proto__": true}\n' });
    expect(await ask('get_secret', arn, 'SecretString')).toEqual(
      ok('{"user": "u", "pin": 9007199254740993, "__proto__": true}'),
    );
    expect(await ask('get_secret', arn, 'SecretString', 'user')).toEqual(ok('"u"'));
    expect(await ask('get_secret', arn, 'SecretString', 'pin')).toEqual(ok('9007199254740993'));
    expect(await ask('get_secret', arn, 'SecretString', '__proto__')).toEqual(ok('true'));
    expect(reasonOf(await ask('get_secret', arn, 'SecretString', 'toString'))).toContain('has no key "toString"');
  });

  it('takes JSON that is no object as the text it is', async () => {
    const { ask } = vault({ plain: '007.50' });
    expect(await ask('get_secret', 'plain', 'SecretString')).toEqual(ok('"007.50"'));
  });

  it('gives bytes as base64, untouched', async () => {
    const { ask } = vault({ plain: Buffer.from([0xff, 0x00, 0x0a]) });
    expect(await ask('get_secret', 'plain', 'SecretBinary')).toEqual(ok('"/wAK"'));
    expect(reasonOf(await ask('get_secret', 'plain', 'SecretString'))).toContain('is not UTF-8 text');
  });

  it('fails for a key of what has none, as AWS does, and never shows the value', async () => {
    const { ask } = vault({ plain: 'hunter2{"broken' });
    const reasons = [
      reasonOf(await ask('get_secret', 'plain', 'SecretString', 'user')),
      reasonOf(await ask('get_secret', 'plain', 'SecretBinary', 'user')),
    ];
    expect(reasons[0]).toContain('is not a JSON object');
    expect(reasons[1]).toContain('is asked for as binary');
    expect(reasons.join()).not.toContain('hunter2');
  });

  it('reads a changed file within a second, and an unchanged one again after 15 minutes', async () => {
    const { ask, put, baseDir, clock } = vault({ plain: 'one' });
    const value = () => ask('get_secret', 'plain', 'SecretString');
    expect(await value()).toEqual(ok('"one"'));
    // Rotated as it should be: a new file takes the old one's place.
    put('new', 'two');
    renameSync(join(baseDir, 'new'), join(baseDir, 'plain'));
    expect(await value()).toEqual(ok('"one"'));
    clock.advance(1_000);
    expect(await value()).toEqual(ok('"two"'));
    // Written in place, with the time of the file set back: nothing shows the change but the end of 15 minutes.
    const file = join(baseDir, 'plain');
    utimesSync(file, 1_700_000_000, 1_700_000_000);
    clock.advance(1_000);
    expect(await value()).toEqual(ok('"two"'));
    put('plain', 'six');
    utimesSync(file, 1_700_000_000, 1_700_000_000);
    clock.advance(15 * 60 * 1000 - 1_000);
    expect(await value()).toEqual(ok('"two"'));
    clock.advance(1_000);
    expect(await value()).toEqual(ok('"six"'));
  });

  it('fails when its file is gone, and works again when it is back', async () => {
    const { ask, put, baseDir, events, clock } = vault({ plain: 'one' });
    const value = () => ask('get_secret', 'plain', 'SecretString');
    await value();
    rmSync(join(baseDir, 'plain'));
    clock.advance(1_000);
    expect(reasonOf(await value())).toMatch(/The secret "plain" cannot be read from .*plain: ENOENT/);
    put('plain', 'two');
    clock.advance(10_000);
    expect(await value()).toEqual(ok('"two"'));
    expect(events).toEqual([expect.stringContaining('failing get_secret'), 'recovered get_secret']);
  });

  it('reads 64 KiB and not a byte more', async () => {
    const { ask, put, clock } = vault({ plain: 'x'.repeat(65_536) });
    expect((await ask('get_secret', 'plain', 'SecretString')).isOk).toBe(true);
    put('plain', 'x'.repeat(65_537));
    clock.advance(1_000);
    expect(reasonOf(await ask('get_secret', 'plain', 'SecretString'))).toContain('larger than 65536 bytes');
  });

  it.each([
    [['other', 'SecretString'], 'No secret "other" is declared'],
    [['../plain', 'SecretString'], 'No secret "../plain" is declared'],
    [[null, 'SecretString'], 'is not the name or ARN of a secret'],
    [['plain', 'Secret'], 'neither "SecretString" nor "SecretBinary"'],
    [['plain', 'SecretString', null], 'is not the name of a key'],
    [[], 'is not the name or ARN of a secret'],
  ])('refuses %j', async (parameters, reason) => {
    const { ask } = vault({ plain: 'x' });
    expect(reasonOf(await ask('get_secret', ...parameters))).toContain(reason);
  });
});
