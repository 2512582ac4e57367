import { describe, expect, it } from 'vitest';
import { planFleet } from '../../src/demo/plan-fleet.ts';
import type { Reading } from '../../src/demo/sensor.ts';
import { sensorKinds } from '../../src/demo/sensor-kinds.ts';

const startedAt = 1_800_000_000_000;

/** What the whole fleet publishes in the first seconds. */
function publish(seed: number, seconds: number): readonly Reading[] {
  return planFleet(seed, startedAt).flatMap((sensor) =>
    Array.from({ length: Math.floor((seconds * 1000) / sensor.kind.intervalMs) }, (_, tick) =>
      sensor.read(tick),
    ).flat(),
  );
}

describe('the simulated fleet', () => {
  it('has 50 sensors with ids of their own', () => {
    const ids = planFleet(1, startedAt).map((sensor) => sensor.id);
    expect(ids).toHaveLength(50);
    expect(new Set(ids).size).toBe(50);
  });

  it('publishes more than 500 messages a second', () => {
    const perSecond = sensorKinds.reduce((sum, kind) => sum + (kind.count * 1000) / kind.intervalMs, 0);
    expect(perSecond).toBeGreaterThan(500);
    expect(publish(1, 5).length).toBeGreaterThan(0.9 * perSecond * 5);
  });

  it('publishes the same bytes for the same seed, and others for another', () => {
    expect(publish(7, 1)).toEqual(publish(7, 1));
    expect(publish(7, 1)).not.toEqual(publish(8, 1));
  });

  it('uses every quality of service', () => {
    expect(new Set(publish(1, 2).map((reading) => reading.qos))).toEqual(new Set([0, 1, 2]));
  });

  it('counts the messages of a sensor without gaps', () => {
    const [sensor] = planFleet(3, startedAt);
    const seqs = Array.from({ length: 500 }, (_, tick) => sensor?.read(tick) ?? [])
      .flat()
      .map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, index) => index));
  });

  it('raises and clears alarms in turn, on a topic of their own', () => {
    const alarms = publish(1, 20).filter((reading) => reading.kind === 'alarm');
    expect(alarms.length).toBeGreaterThan(5);
    const states = new Map<string, string>();
    for (const { topic, payload } of alarms) {
      expect(topic).toMatch(/^alarms\/line-\d\/[a-z]+-\d\d$/);
      const { state } = JSON.parse(payload) as { readonly state: string };
      expect(state).not.toBe(states.get(topic));
      states.set(topic, state);
    }
  });

  it('now and then sends a word where a number belongs, and says which messages these are', () => {
    const readings = publish(1, 30);
    const poison = readings.filter(({ isPoison }) => isPoison);
    expect(poison.length).toBeGreaterThan(0);
    expect(poison.length).toBeLessThan(readings.length / 100);
    const isWord = ({ payload }: Reading) =>
      typeof (JSON.parse(payload) as { readonly value: unknown }).value === 'string';
    expect(readings.filter(isWord)).toEqual(poison);
  });
});
