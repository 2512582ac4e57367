import type { BenchCase } from '../case.ts';
import { payloadTexts } from '../load/documents.ts';
import { measureAgainstParsing } from '../measure/against-parsing.ts';

export const sqlProjection: BenchCase = {
  name: 'sql-projection',
  question: 'What do three fields and a numeric WHERE cost, next to JSON.parse of the same payload?',
  run: async (context) =>
    measureAgainstParsing(context, {
      // True for nine messages in ten.
      sql: "SELECT device, temperature, state FROM 'plant/press/+/telemetry' WHERE temperature > 19",
      texts: payloadTexts,
      expected: (document) => {
        const { device, temperature, state } = document;
        return Number(temperature) > 19 ? { device, temperature, state } : null;
      },
    }),
};
