import { describe, expect, it } from 'vitest';
import { Readiness } from '../src/readiness.ts';

function rig() {
  const state = {
    now: 1_000_000,
    isWritable: true,
    reason: '',
    isFull: false,
    laneBacklogBytes: [0],
    isChangingRuleSet: false,
  };
  const spool = {
    get health() {
      return { isWritable: state.isWritable, reason: state.reason };
    },
    isFull: () => state.isFull,
    stats: () => ({
      classes: { alarm: { bytes: 0, backlogMessages: 0 }, normal: { bytes: 0, backlogMessages: 0 } },
      deadLetterBytes: 0,
      pendingBytes: 0,
      laneBacklogBytes: state.laneBacklogBytes,
      isLive: true,
      isChangingRuleSet: state.isChangingRuleSet,
    }),
  };
  return { state, readiness: new Readiness(spool, () => state.now) };
}

describe('Readiness', () => {
  it('is ready from its opening to its stopping', () => {
    const { readiness } = rig();
    expect(readiness.reasons()).toEqual(['The gateway is starting.']);
    readiness.opened();
    expect(readiness.reasons()).toEqual([]);
    readiness.stopping();
    expect(readiness.reasons()).toEqual(['The gateway is stopping.']);
  });

  it('says why the journal takes nothing', () => {
    const { readiness, state } = rig();
    readiness.opened();
    state.isFull = true;
    expect(readiness.reasons()).toHaveLength(1);
    state.isWritable = false;
    state.reason = 'the disk is full';
    expect(readiness.reasons()).toEqual(['The journal cannot be written: the disk is full']);
  });

  it('is not ready when lanes have work and answer nothing for a minute, and recovers with the next answer', () => {
    const { readiness, state } = rig();
    readiness.opened();
    state.laneBacklogBytes = [5];
    state.now += 60_000;
    expect(readiness.reasons()).toEqual([]);
    state.now += 1;
    expect(readiness.reasons()).toEqual(['No lane has answered for 60 s.']);
    readiness.progressed();
    expect(readiness.reasons()).toEqual([]);
  });

  it('is not ready when a change of the rule set takes longer than a minute', () => {
    const { readiness, state } = rig();
    readiness.opened();
    state.isChangingRuleSet = true;
    state.now += 60_001;
    expect(readiness.reasons()).toEqual(['No lane has answered for 60 s.']);
    state.isChangingRuleSet = false;
    expect(readiness.reasons()).toEqual([]);
  });

  it('counts no silence while lanes have nothing to do', () => {
    const { readiness, state } = rig();
    readiness.opened();
    state.now += 3_600_000;
    expect(readiness.reasons()).toEqual([]);
    state.laneBacklogBytes = [5];
    state.now += 1_000;
    expect(readiness.reasons()).toEqual([]);
  });
});
