import type { BenchCase } from '../case.ts';
import { readingsTexts } from '../load/readings.ts';
import { measureAgainstParsing } from '../measure/against-parsing.ts';

interface Reading {
  readonly c: number;
  readonly v: number;
}

export const sqlNested: BenchCase = {
  name: 'sql-nested',
  question: 'What does a nested SELECT over ten elements cost, next to JSON.parse of the same payload?',
  run: async (context) =>
    measureAgainstParsing(context, {
      // True for nine elements in ten.
      sql: "SELECT id, (SELECT c AS channel, v AS value FROM readings WHERE v > 19) AS readings FROM 'plant/press/+/telemetry'",
      texts: readingsTexts,
      expected: ({ id, readings }) => ({
        id,
        readings: (readings as readonly Reading[])
          .filter(({ v }) => v > 19)
          .map(({ c, v }) => ({ channel: c, value: v })),
      }),
    }),
};
