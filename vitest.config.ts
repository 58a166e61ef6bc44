import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// Debian's Chromium brings a Vulkan loader for its software adapter, which tests of the webgpu backend use. Where
// libraries lie is read when a process starts, so it is set here, before the workers.
const chromium = '/usr/lib/chromium';
if (existsSync(`${chromium}/libvulkan.so.1`))
  process.env.LD_LIBRARY_PATH = [process.env.LD_LIBRARY_PATH, chromium].filter(Boolean).join(':');

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'src/**/*.test.tsx', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
    environment: 'node',
    // Native threads inside the tests make more workers than cores a loss.
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
