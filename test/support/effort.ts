const variable = process.env['HEADGATE_TEST_EFFORT'] ?? '1';
const effort = Number(variable);
if (!(effort >= 1)) throw new Error(`HEADGATE_TEST_EFFORT is ${variable}; write a number from 1 on.`);

/** How often something random is tried: `count` times in the default suites, more where there is time (`npm run test:long`). */
export function times(count: number): number {
  return Math.round(count * effort);
}
