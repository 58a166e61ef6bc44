import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
    environment: 'node',
    // Native threads inside the tests make more workers than cores a loss.
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
