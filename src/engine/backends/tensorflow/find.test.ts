import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cudaLibraries, graphicsCard, unloadable } from './cuda.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meander-tensorflow-'));
  vi.stubEnv('MEANDER_TENSORFLOW', folder);
  // What loading sets is put back after the test.
  for (const name of ['NVIDIA_TF32_OVERRIDE', 'TF_FORCE_GPU_ALLOW_GROWTH', 'TF_CPP_MIN_LOG_LEVEL'])
    vi.stubEnv(name, process.env[name]);
  vi.stubEnv('TF_NUM_INTRAOP_THREADS', undefined);
  // A process looks once; every test is to look anew.
  vi.resetModules();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** A package that runs `code` when it is required. */
async function install(name: string, code: string): Promise<string> {
  const at = join(folder, 'node_modules/@tensorflow', name);
  await mkdir(at, { recursive: true });
  await writeFile(join(at, 'package.json'), JSON.stringify({ name: `@tensorflow/${name}`, main: 'index.js' }));
  await writeFile(join(at, 'index.js'), code);
  return at;
}

const throws = (message: string) => `throw new Error(${JSON.stringify(message)});`;
/** As tfjs-node looks from outside. */
const loads = (card: boolean) => `module.exports = {
  version_core: '4.22.0',
  threads: process.env.TF_NUM_INTRAOP_THREADS,
  backend: () => ({ isUsingGpuDevice: ${card}, binding: { TF_Version: '2.9.1' } }),
};`;

const find = () => import('./find.ts');

describe('finding TensorFlow', () => {
  it('says that neither package is installed, and what to do', async () => {
    const { loadLibrary, tensorflowStatus } = await find();
    expect(tensorflowStatus()).toMatchObject({ available: false, reason: expect.stringContaining(folder) });
    expect(() => loadLibrary(null)).toThrow(
      expect.objectContaining({ code: 'tensorflow-missing', next: expect.stringContaining('Settings') }),
    );
  });

  it('is no fault where no folder was named', async () => {
    vi.stubEnv('MEANDER_TENSORFLOW', '');
    const { tensorflowStatus } = await find();
    expect(tensorflowStatus()).toMatchObject({ available: false, installed: false, note: null });
  });

  it('refuses a folder that is not an absolute path', async () => {
    vi.stubEnv('MEANDER_TENSORFLOW', 'here');
    const { tensorflowStatus } = await find();
    expect(tensorflowStatus()).toMatchObject({ available: false, reason: expect.stringMatching(/absolute.*"here"/) });
  });

  it.each([
    [
      'a binding that was not downloaded',
      'The Node.js native addon module (tfjs_binding.node) can not be found at path: /p/lib/napi-v8/tfjs_binding.node. \nPlease run command',
      /its binding \/p\/lib\/napi-v8\/tfjs_binding\.node is not there/,
    ],
    [
      'a binding for another Node',
      "The module '/p/tfjs_binding.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 93.",
      /was built for another Node than v\d+/,
    ],
    [
      'a library that is not there',
      'libtensorflow.so.2: cannot open shared object file: No such file or directory',
      /the library libtensorflow\.so\.2 is missing/,
    ],
    [
      'a library of another version',
      '/p/tfjs_binding.node: undefined symbol: TFE_NewContext',
      /do not fit \(undefined symbol TFE_NewContext\)/,
    ],
    [
      'a system that is too old',
      "/lib/libc.so.6: version `GLIBC_2.34' not found (required by /p/libtensorflow.so.2)",
      /newer system library \(GLIBC_2\.34\)/,
    ],
    ['anything else', 'something odd\nin two lines', /does not load: something odd\.$/],
  ])('names %s', async (_, message, reason) => {
    const at = await install('tfjs-node', throws(message));
    const { tensorflowStatus } = await find();
    const status = tensorflowStatus();
    expect(status).toMatchObject({ available: false, installed: true, reason: expect.stringMatching(reason) });
    expect(status.reason).toContain(at);
  });

  it('takes the package for the processor where the one for the graphics card does not load', async () => {
    await install('tfjs-node-gpu', throws('libcuda.so.1: cannot open shared object file: No such file or directory'));
    await install('tfjs-node', loads(false));
    const { loadLibrary, tensorflowStatus } = await find();
    const library = loadLibrary(3);
    expect(library).toMatchObject({ family: 'TensorFlow 2.9.1 on the processor', threads: 3 });
    expect(library.numerics).toMatchObject({ library: 'tfjs-node 4.22.0, TensorFlow 2.9.1', device: 'cpu' });
    // The library reads this when it loads.
    expect((library.tf as unknown as { threads: string }).threads).toBe('3');
    expect(tensorflowStatus()).toMatchObject({ available: true, note: null });
  });

  it('says why the package for the graphics card computes on the processor', async () => {
    await install('tfjs-node-gpu', loads(false));
    const { loadLibrary, tensorflowStatus } = await find();
    expect(loadLibrary(null).family).toBe('TensorFlow 2.9.1 on the processor');
    expect(tensorflowStatus().note).toMatch(/TensorFlow 2\.9\.1 .*processor/);
  });

  it('prefers the graphics card, and never calls two of its sittings the same', async () => {
    await install('tfjs-node-gpu', loads(true));
    await install('tfjs-node', throws('must not be tried'));
    const { loadLibrary } = await find();
    const library = loadLibrary(null);
    expect(library.family).toBe('TensorFlow 2.9.1 on the graphics card');
    expect(library.numerics).toMatchObject({ device: 'cuda', sitting: expect.any(String) });
    expect(process.env.NVIDIA_TF32_OVERRIDE).toBe('0');
  });
});

describe('CUDA', () => {
  it('names the libraries that a version of TensorFlow was made for', () => {
    expect(cudaLibraries('2.9.1', 'linux')).toEqual(expect.arrayContaining(['libcudart.so.11.0', 'libcudnn.so.8']));
    expect(cudaLibraries('2.15.1', 'linux')).toEqual(expect.arrayContaining(['libcudart.so.12', 'libcudnn.so.8']));
    expect(cudaLibraries('2.21.0', 'linux')).toEqual(expect.arrayContaining(['libcudart.so.12', 'libcudnn.so.9']));
    expect(cudaLibraries('2.9.1', 'win32')).toContain('cudnn64_8.dll');
  });

  it.runIf(process.platform === 'linux')('tells libraries that load from those that do not', () => {
    expect(unloadable(['libm.so.6'])).toEqual([]);
    expect(unloadable(['libm.so.6', 'libmeander-none.so.8'])).toEqual(['libmeander-none.so.8']);
    // There, and no library: what is wrong with it matters.
    expect(unloadable(['/proc/version'])).toEqual([expect.stringMatching(/^\/proc\/version: .*(file|ELF)/)]);
  });

  it('reads the name of the card where the driver says it', async () => {
    const card = join(folder, '0000:01:00.0');
    await mkdir(card);
    await writeFile(join(card, 'information'), 'Model: \t\t NVIDIA GeForce RTX 4090\nIRQ:   \t\t 123\n');
    expect(graphicsCard(folder)).toBe('NVIDIA GeForce RTX 4090');
    expect(graphicsCard(join(folder, 'none'))).toBe(null);
  });
});
