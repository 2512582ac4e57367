import { describe, expect, it } from 'vitest';
import { Histogram } from '../../../bench/load/histogram.ts';
import { seededRandom } from '../../../bench/load/payload.ts';

const SHARES = [0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1];

describe('Histogram', () => {
  it('has no percentiles before anything was recorded', () => {
    expect(new Histogram().percentileUs(0.5)).toBeNull();
  });

  it('keeps small values exactly', () => {
    const histogram = new Histogram();
    for (let us = 0; us < 64; us++) histogram.record(us);
    expect(histogram.percentileUs(0.5)).toBe(31);
    expect(histogram.percentileUs(1)).toBe(63);
  });

  it('is never below the true percentile and at most 1/64 above it', () => {
    const random = seededRandom(7);
    const values = Array.from({ length: 20_000 }, () => Math.floor(2 ** (random() * 30)));
    const histogram = new Histogram();
    for (const value of values) histogram.record(value);
    values.sort((a, b) => a - b);
    for (const share of SHARES) {
      const exact = values[Math.ceil(values.length * share) - 1] ?? Number.NaN;
      const found = histogram.percentileUs(share) ?? Number.NaN;
      expect(found).toBeGreaterThanOrEqual(exact);
      expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 64));
    }
  });

  it('gives each value a bucket that holds it, on both sides of every power of two', () => {
    for (let exponent = 0; exponent < 31; exponent++)
      for (const value of [2 ** exponent - 1, 2 ** exponent, 2 ** exponent + 1]) {
        const histogram = new Histogram();
        histogram.record(value);
        histogram.record(2 ** 31, 1);
        const found = histogram.percentileUs(0.5) ?? Number.NaN;
        expect(found).toBeGreaterThanOrEqual(value);
        expect(found).toBeLessThanOrEqual(value * (1 + 1 / 64));
      }
  });

  it('counts many at once as it counts them one by one', () => {
    const many = new Histogram();
    many.record(1234, 3);
    many.record(99, 2);
    const single = new Histogram();
    for (const us of [1234, 99, 1234, 99, 1234]) single.record(us);
    expect(many.data()).toEqual(single.data());
    expect(many.count).toBe(5);
  });

  it('comes back whole from its data, and adds up', () => {
    const histogram = new Histogram();
    for (let us = 1; us < 1e6; us *= 1.7) histogram.record(us);
    const copy = Histogram.from(JSON.parse(JSON.stringify(histogram.data())));
    expect(copy.data()).toEqual(histogram.data());
    copy.add(histogram.data());
    expect(copy.count).toBe(histogram.count * 2);
    expect(copy.percentileUs(0.5)).toBe(histogram.percentileUs(0.5));
  });

  it('counts what lies outside its range at its ends', () => {
    const histogram = new Histogram();
    histogram.record(-5);
    histogram.record(1e12);
    expect(histogram.percentileUs(0.5)).toBe(0);
    expect(histogram.percentileUs(1)).toBe(2 ** 31 - 1);
  });
});
