import { describe, expect, it } from 'vitest';
import { type GatewayParts, shutDown } from '../src/shutdown.ts';

function partsOf(calls: string[], failing: string): GatewayParts {
  const step = (name: string) => async () => {
    calls.push(name);
    if (name === failing) throw new Error(`${name} failed`);
  };
  const stats = () => ({ isLive: true, pendingBytes: 0, laneBacklogBytes: [0] });
  return {
    broker: { stopAccepting: step('stop accepting'), drain: step('drain'), close: step('close broker') },
    spool: { stats, stopFeeds: step('stop feeds'), close: step('close spool') },
    evaluation: {
      lanes: { close: step('close lanes') },
      deliveries: { all: () => [{ flush: step('flush') }] },
      closeDeliveries: step('close deliveries'),
      external: { isIdle: true },
      closeServices: step('close services'),
    },
    admin: { close: step('close admin') },
  } as unknown as GatewayParts;
}

describe('shutDown', () => {
  it('answers clients first, delivers next, and closes the spool when nothing can settle any more', async () => {
    const calls: string[] = [];
    await shutDown(partsOf(calls, ''), 100, Date.now);
    expect(calls).toEqual([
      'stop accepting',
      'drain',
      'stop feeds',
      'close services',
      'flush',
      'flush',
      'close deliveries',
      'close broker',
      'close lanes',
      'close spool',
      'close admin',
    ]);
  });

  it.each(['drain', 'close services', 'flush', 'close deliveries', 'close broker', 'close lanes'])(
    'makes progress durable also when this fails: %s',
    async (failing) => {
      const calls: string[] = [];
      await expect(shutDown(partsOf(calls, failing), 100, Date.now)).rejects.toThrow(`${failing} failed`);
      expect(calls).toContain('close spool');
    },
  );
});
