import { expect, it } from 'vitest';
import { PAYLOAD_BYTES } from '../../../bench/load/payload.ts';
import { READINGS, readingsTexts } from '../../../bench/load/readings.ts';

it('makes distinct payloads of the same length, each with ten readings that are different ones', () => {
  const texts = readingsTexts(200);
  expect(new Set(texts).size).toBe(200);
  expect(new Set(texts.map((text) => text.length))).toEqual(new Set([PAYLOAD_BYTES]));
  const values = texts.flatMap((text) =>
    (JSON.parse(text) as { readings: { v: number }[] }).readings.map(({ v }) => v),
  );
  expect(values).toHaveLength(200 * READINGS);
  expect(new Set(values).size).toBeGreaterThan(500);
});
