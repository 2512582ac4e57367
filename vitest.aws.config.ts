import { defineConfig } from 'vitest/config';

/** Against the third-party AWS emulator; needs Python with moto[server]. */
export default defineConfig({
  test: {
    include: ['test/aws/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
