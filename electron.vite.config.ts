/**
 * Builds out/: main/{index,server,cli,worker,encode-thread}.js for Node 24, preload/index.cjs, renderer/. Packages stay
 * outside of the bundles and are found in node_modules, where a package keeps its binaries.
 */
import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';

const source = (path: string): string => resolve(import.meta.dirname, 'src', path);

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      target: 'node24',
      rollupOptions: {
        input: {
          index: source('main/index.ts'),
          server: source('server/main.ts'),
          cli: source('cli/main.ts'),
          worker: source('workers/main.ts'),
          // A preparation's threads; encode-pool finds it by this name.
          'encode-thread': source('engine/data/encode-thread.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      // A sandboxed preload is CommonJS and may require electron alone.
      rollupOptions: {
        input: { index: source('preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: source('renderer'),
    plugins: [react()],
    build: {
      outDir: resolve(import.meta.dirname, 'out/renderer'),
      emptyOutDir: true,
      minify: true,
      // One file from the disk; splitting it would save nothing.
      chunkSizeWarningLimit: 2000,
      rollupOptions: { input: source('renderer/index.html') },
    },
  },
});
