import { defineConfig, mergeConfig } from 'vitest/config';
import defaults from './vitest.config.ts';

/** The default suite with everything random tried more often. */
export default mergeConfig(
  defaults,
  defineConfig({
    test: {
      env: { HEADGATE_TEST_EFFORT: process.env['HEADGATE_TEST_EFFORT'] ?? '20' },
      testTimeout: 3_600_000,
    },
  }),
);
