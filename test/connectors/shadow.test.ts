import { describe, expect, it } from 'vitest';
import { ok, reasonOf, scene } from './scene.ts';

const document = (version: number, on: boolean) =>
  `{"state":{"desired":{"on":true},"reported":{"on":${on},"count":9007199254740993}},"metadata":{},"version":${version},"timestamp":1700000000}`;
const documents = (version: number, on: boolean) => {
  const of = (v: number) => `{"state":{"reported":{"on":${on}}},"metadata":{},"version":${v}}`;
  return `{"previous":${of(version - 1)},"current":${of(version)},"timestamp":1700000001,"clientToken":"t"}`;
};
const base = '$aws/things/pump-1/shadow';

describe('get_thing_shadow', () => {
  const withRetained = (retained: Record<string, string>, shadows: object = {}) => scene({ shadows }, { retained });

  it('gives the retained document as it was published, digits included', async () => {
    const { ask } = withRetained({ [`${base}/get/accepted`]: document(3, false) });
    expect(await ask('get_thing_shadow', 'pump-1')).toEqual(ok(document(3, false)));
  });

  it('gives the current document of an update, with its time', async () => {
    const { ask } = withRetained({ [`${base}/update/documents`]: documents(8, true) });
    expect(await ask('get_thing_shadow', 'pump-1')).toEqual(
      ok('{"state":{"reported":{"on":true}},"metadata":{},"version":8,"timestamp":1700000001}'),
    );
  });

  it('derives the delta of an updated document, which get/accepted brings along', async () => {
    const deltaOf = async (state: string) => {
      const payload = `{"current":{"state":${state},"version":1},"timestamp":2}`;
      const { ask } = withRetained({ [`${base}/update/documents`]: payload });
      const answer = await ask('get_thing_shadow', 'pump-1');
      if (!answer.isOk) throw new Error(answer.reason);
      const { delta } = (JSON.parse(answer.text) as { state: { delta?: unknown } }).state;
      return JSON.stringify(delta);
    };
    expect(await deltaOf('{"desired":{"a":1,"b":[1, 2],"c":{"d":1}},"reported":{"c":{"d":1},"b":[1,2],"a":1}}')).toBe(
      undefined,
    );
    expect(await deltaOf('{"desired":{"a":1,"n":{"x":1,"y":2}},"reported":{"a":"1","n":{"x":1,"z":3},"o":4}}')).toBe(
      '{"a":1,"n":{"y":2}}',
    );
    expect(await deltaOf('{"desired":{"l":[1,2],"s":"a b"},"reported":{"l":[2,1],"s":"ab"}}')).toBe(
      '{"l":[1,2],"s":"a b"}',
    );
    expect(await deltaOf('{"desired":{"a":{"b":1}},"reported":{"a":1}}')).toBe('{"a":{"b":1}}');
    expect(await deltaOf('{"desired":{"a":1}}')).toBe('{"a":1}');
    expect(await deltaOf('{"reported":{"a":1}}')).toBe(undefined);
    expect(await deltaOf('7').catch(() => 'no object')).toBe(undefined);
  });

  it('takes the higher version of both, and of equal ones the whole document', async () => {
    const versionOf = async (whole: number, updated: number) => {
      const { ask } = withRetained({
        [`${base}/get/accepted`]: document(whole, false),
        [`${base}/update/documents`]: documents(updated, true),
      });
      const answer = await ask('get_thing_shadow', 'pump-1');
      return answer.isOk && /"version":\d+,"timestamp":\d+/.exec(answer.text)?.[0];
    };
    expect(await versionOf(9, 8)).toBe('"version":9,"timestamp":1700000000');
    expect(await versionOf(9, 9)).toBe('"version":9,"timestamp":1700000000');
    expect(await versionOf(9, 10)).toBe('"version":10,"timestamp":1700000001');
  });

  it('reads a named shadow from its own topic, and leaves out the token of who asked for it', async () => {
    const { ask } = withRetained({
      [`${base}/name/$package:1/get/accepted`]: '{"state":{"reported":1},"version":1,"clientToken":"t"}',
      [`${base}/get/accepted`]: document(1, true),
    });
    expect(await ask('get_thing_shadow', 'pump-1', '$package:1')).toEqual(ok('{"state":{"reported":1},"version":1}'));
  });

  it('sees every change at once', async () => {
    const retained: Record<string, string> = {};
    const { ask } = withRetained(retained);
    expect(reasonOf(await ask('get_thing_shadow', 'pump-1'))).toContain(`No shadow is retained under ${base}`);
    retained[`${base}/get/accepted`] = document(1, true);
    expect(await ask('get_thing_shadow', 'pump-1')).toEqual(ok(document(1, true)));
    retained[`${base}/get/accepted`] = document(1, false).replace('1700000000', '1700000009');
    expect(await ask('get_thing_shadow', 'pump-1')).toEqual(ok(retained[`${base}/get/accepted`] ?? ''));
    retained[`${base}/update/documents`] = documents(2, false);
    const text = `{"state":{"reported":{"on":false}},"metadata":{},"version":2,"timestamp":1700000001}`;
    expect(await ask('get_thing_shadow', 'pump-1')).toEqual(ok(text));
    delete retained[`${base}/update/documents`];
    expect(await ask('get_thing_shadow', 'pump-1')).toEqual(ok(retained[`${base}/get/accepted`] ?? ''));
    retained[`${base}/get/accepted`] = '';
    expect(reasonOf(await ask('get_thing_shadow', 'pump-1'))).toContain('ResourceNotFoundException');
  });

  it('never takes what only one update named', async () => {
    const { ask, events } = withRetained({ [`${base}/update/accepted`]: document(3, true) });
    expect((await ask('get_thing_shadow', 'pump-1')).isOk).toBe(false);
    // That a thing has no shadow is no fault of the service.
    expect(events).toEqual([]);
  });

  it.each(['a/b', '+', '#', 'pump-1/shadow/name/x', '', 'x'.repeat(129), 'pümp', 7, null, {}])(
    'does not let the thing name %j reach another topic',
    async (name) => {
      const asked: string[] = [];
      const retained = new Proxy({}, { get: (_, topic) => void asked.push(String(topic)) });
      const { ask } = withRetained(retained);
      expect(reasonOf(await ask('get_thing_shadow', name))).toContain('is not the name of a thing');
      expect(asked).toEqual([]);
    },
  );

  it.each(['a/b', '+', '#', '', 'x'.repeat(65), 7])(
    'does not let the shadow name %j reach another topic',
    async (name) => {
      const { ask } = withRetained({});
      expect(reasonOf(await ask('get_thing_shadow', 'pump-1', name))).toContain('is not the name of a shadow');
    },
  );

  it('accepts names up to their longest', async () => {
    const [thing, shadow] = ['x'.repeat(128), 'y'.repeat(64)];
    const { ask } = withRetained({ [`$aws/things/${thing}/shadow/name/${shadow}/get/accepted`]: document(1, true) });
    expect((await ask('get_thing_shadow', thing, shadow)).isOk).toBe(true);
  });

  it('fails beyond the size of a state, and takes one of just that size', async () => {
    const sized = (bytes: number) => `{"state":"${'é'.repeat((bytes - 2) / 2)}","version":1}`;
    const bytesMax = 8 * 1024;
    const last = withRetained({ [`${base}/get/accepted`]: sized(bytesMax) });
    expect((await last.ask('get_thing_shadow', 'pump-1')).isOk).toBe(true);
    const first = withRetained({ [`${base}/get/accepted`]: sized(bytesMax + 2) });
    expect(reasonOf(await first.ask('get_thing_shadow', 'pump-1'))).toContain('8194 bytes; at most 8192');
    // The delta does not count.
    const state = `{"desired":${JSON.stringify('x'.repeat(7_000))},"reported":0}`;
    const payload = `{"current":{"state":${state},"version":1}}`;
    const derived = withRetained({ [`${base}/update/documents`]: payload });
    const answer = await derived.ask('get_thing_shadow', 'pump-1');
    expect(answer.isOk && answer.text.length).toBeGreaterThan(14_000);
  });

  it.each(['no JSON', '"text"', '[1]', '{"current":1}', `${'['.repeat(100)}${']'.repeat(100)}`])(
    'finds no shadow in %j',
    async (payload) => {
      const { ask } = withRetained({
        [`${base}/get/accepted`]: payload.startsWith('{') ? '' : payload,
        [`${base}/update/documents`]: payload,
      });
      expect(reasonOf(await ask('get_thing_shadow', 'pump-1'))).toContain('No shadow is retained');
    },
  );
});
