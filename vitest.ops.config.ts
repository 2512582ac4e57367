import { defineConfig } from 'vitest/config';

/** Against real Prometheus, strace and the container image; needs the Debian packages that .ci/run installs. */
export default defineConfig({
  test: {
    include: ['test/ops/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
