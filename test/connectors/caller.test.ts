import { describe, expect, it } from 'vitest';
import { Caller } from '../../src/connectors/caller.ts';
import { answered, type Connector, failed, type Reply, refused } from '../../src/connectors/connector.ts';
import { createMetrics } from '../../src/metrics.ts';
import { until } from '../support/until.ts';
import { ok, reasonOf, testClock } from './scene.ts';

/** A service of which the test holds both ends. */
function scene(
  settings: Partial<Connector>,
  ask: (signal: AbortSignal, parameters: readonly string[]) => Promise<Reply>,
) {
  const asked: AbortSignal[] = [];
  const events: string[] = [];
  const clock = testClock();
  const connector: Connector = {
    function: 'aws_lambda',
    timeoutMs: 2_000,
    concurrency: 2,
    cacheMs: 60_000,
    question: (parameters) => ({
      resource: 'The service',
      ask(signal) {
        asked.push(signal);
        return ask(signal, parameters);
      },
    }),
    close: async () => {},
    ...settings,
  };
  const caller = new Caller(connector, {
    clock,
    metrics: createMetrics(),
    events: {
      connectorFailing: (_, reason) => events.push(`failing ${reason}`),
      connectorRecovered: () => events.push('recovered'),
    },
  });
  return { caller, asked, events, clock };
}

const never = () => new Promise<Reply>(() => {});

describe('a call of a service', () => {
  it('shares one request among equal calls in flight, and keeps the answer for its time', async () => {
    const { caller, asked, clock } = scene({}, async (_, [first]) => answered(first ?? ''));
    const all = await Promise.all(['[1]', '[1]', '[2]', '[1]'].map((parameters) => caller.answer(parameters)));
    expect(all).toEqual([ok('1'), ok('1'), ok('2'), ok('1')]);
    expect(asked).toHaveLength(2);
    await caller.answer('[1]');
    expect(asked).toHaveLength(2);
    clock.advance(60_000);
    await caller.answer('[1]');
    expect(asked).toHaveLength(3);
  });

  it('asks for each call where nothing is cached', async () => {
    const { caller, asked } = scene({ cacheMs: 0 }, async () => answered('1'));
    await Promise.all([caller.answer('[1]'), caller.answer('[1]')]);
    await caller.answer('[1]');
    expect(asked).toHaveLength(3);
  });

  it('fails equal calls for one second without asking a service that failed', async () => {
    const { caller, asked, clock } = scene({ cacheMs: 0 }, async () => failed('It is down.', false));
    for (let n = 0; n < 100; n++) expect(reasonOf(await caller.answer('[1]'))).toBe('aws_lambda: It is down.');
    expect(asked).toHaveLength(1);
    clock.advance(1_000);
    await caller.answer('[1]');
    expect(asked).toHaveLength(2);
  });

  it('asks again for a call that was refused where nothing is cached, and after a second where it is', async () => {
    const uncached = scene({ cacheMs: 0 }, async () => refused('Not there.'));
    await uncached.caller.answer('[1]');
    await uncached.caller.answer('[1]');
    expect(uncached.asked).toHaveLength(2);
    const cached = scene({}, async () => refused('Not there.'));
    await cached.caller.answer('[1]');
    await cached.caller.answer('[1]');
    expect(cached.asked).toHaveLength(1);
    cached.clock.advance(1_000);
    await cached.caller.answer('[1]');
    expect(cached.asked).toHaveLength(2);
  });

  it('repeats what may pass, once, and nothing else', async () => {
    const passing = scene({}, async () => (passing.asked.length === 1 ? failed('reset', true) : answered('1')));
    expect(await passing.caller.answer('[1]')).toEqual(ok('1'));
    expect(passing.events).toEqual([]);
    const lasting = scene({}, async () => failed('reset', true));
    expect(reasonOf(await lasting.caller.answer('[1]'))).toContain('reset');
    expect(lasting.asked).toHaveLength(2);
    const denied = scene({}, async () => failed('denied', false));
    await denied.caller.answer('[1]');
    expect(denied.asked).toHaveLength(1);
  });

  it('does not repeat when the time that is left does not allow it', async () => {
    const { caller, asked } = scene({ timeoutMs: 90 }, async () => failed('reset', true));
    expect(reasonOf(await caller.answer('[1]'))).toContain('reset');
    expect(asked).toHaveLength(1);
  });

  it('answers within its time limit even if the service never notices, and its place is free again', async () => {
    const { caller, asked } = scene({ timeoutMs: 60, concurrency: 1 }, never);
    const startedAt = Date.now();
    expect(reasonOf(await caller.answer('[1]'))).toContain('The service did not answer within 60 ms.');
    expect(Date.now() - startedAt).toBeLessThan(1_500);
    expect(asked[0]?.aborted).toBe(true);
    const next = caller.answer('[2]');
    await until('the next call to be asked', () => asked.length === 2);
    await next;
  });

  it('fails calls that wait too long for a place, and those beyond the queue at once', async () => {
    const { caller, asked } = scene({ timeoutMs: 300 }, never);
    const waiting = Array.from({ length: 2 + 1_024 }, (_, n) => caller.answer(`[${n}]`));
    const startedAt = Date.now();
    expect(reasonOf(await caller.answer('["one too many"]'))).toContain('1024 calls wait already');
    expect(Date.now() - startedAt).toBeLessThan(250);
    const reasons = (await Promise.all(waiting)).map(reasonOf);
    // Who still had a moment left was asked; not all of them in the moment that the first gave up.
    expect(asked.length).toBeLessThan(500);
    expect(reasons[0]).toContain('did not answer within 300 ms');
    expect(reasons[1_025]).toContain('was not asked: 2 calls run and no place became free within 300 ms');
  });

  it('tells once that it fails, and that it has recovered after ten seconds without a failure', async () => {
    let reply: Reply = failed('down', false);
    let n = 0;
    const { caller, events, clock } = scene({}, async () => reply);
    const ask = () => caller.answer(`[${n++}]`);
    await ask();
    await ask();
    expect(events).toEqual(['failing down']);
    reply = answered('1');
    await ask();
    clock.advance(9_000);
    reply = failed('down again', false);
    await ask();
    reply = answered('1');
    clock.advance(9_900);
    await ask();
    expect(events).toEqual(['failing down']);
    clock.advance(100);
    // What is refused proves that the service works.
    reply = refused('Not there.');
    await ask();
    await ask();
    expect(events).toEqual(['failing down', 'recovered']);
  });

  it('does not take a call that asks nobody for a sign that the service works', async () => {
    const question = (parameters: readonly string[]) =>
      parameters.length === 0
        ? refused('It takes one parameter.')
        : { resource: 'The service', ask: async () => failed('down', false) };
    const { caller, events, clock } = scene({ question }, never);
    await caller.answer('[1]');
    clock.advance(20_000);
    expect(reasonOf(await caller.answer('[]'))).toContain('It takes one parameter.');
    expect(events).toEqual(['failing down']);
  });

  it('answers though the connector throws', async () => {
    const thrown = scene({}, () => Promise.reject(new Error('broken')));
    expect(reasonOf(await thrown.caller.answer('[1]'))).toBe('aws_lambda: The service could not be asked: broken');
    const question = () => {
      throw new Error('broken');
    };
    const { caller } = scene({ question }, never);
    expect(reasonOf(await caller.answer('[1]'))).toContain('The parameters could not be read: broken');
    expect(reasonOf(await caller.answer('{"a":1}'))).toContain('The parameters are not an array.');
  });

  it('ends what runs and what waits when it is closed, without calling that a failure of the service', async () => {
    const { caller, asked, events } = scene({ concurrency: 1 }, never);
    const calls = [caller.answer('[1]'), caller.answer('[2]')];
    await until('the first call to be asked', () => asked.length === 1);
    await caller.close();
    calls.push(caller.answer('[3]'));
    for (const call of calls) expect(reasonOf(await call)).toBe('aws_lambda: The gateway is stopping.');
    expect(asked).toHaveLength(1);
    expect(events).toEqual([]);
  });
});
