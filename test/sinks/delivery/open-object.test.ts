import { expect, it } from 'vitest';
import type { ObjectFile, ObjectFiles } from '../../../src/sinks/delivery/object-files.ts';
import { OpenObject } from '../../../src/sinks/delivery/open-object.ts';
import { until } from '../../support/until.ts';

it('closes a file that was still being made when the object was closed', async () => {
  let finish: (file: ObjectFile) => void = () => undefined;
  const made = new Promise<ObjectFile>((resolve) => {
    finish = resolve;
  });
  const events: string[] = [];
  const files: Pick<ObjectFiles, 'create'> = { create: () => made };
  const object = new OpenObject('a.open', files as ObjectFiles, async () => undefined);
  object.append(Buffer.from('x'));
  await object.close();
  finish({
    write: async () => void events.push('write'),
    sync: async () => void events.push('sync'),
    close: async () => void events.push('close'),
  });
  await until('the file to be closed', () => events.length > 0);
  expect(events).toEqual(['close']);
});
