import { beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../errors.ts';
import type { Backend } from './backend.ts';
import { openReference } from './reference/index.ts';
import { openBackend } from './select.ts';

const { native, tensorflow } = vi.hoisted(() => {
  const engine = () => ({ open: async (): Promise<Backend> => Promise.reject(new Error('not set')) });
  return { native: engine(), tensorflow: engine() };
});
vi.mock('./native/index.ts', () => ({ openNative: () => native.open() }));
vi.mock('./tensorflow/index.ts', () => ({ openTensorflow: () => tensorflow.open() }));

const missing = async () => {
  throw new UserError('native-missing', 'the native engine was not built: no C++ compiler', 'install one');
};

const notInstalled = async () => {
  throw new UserError('tensorflow-missing', 'neither package is installed', 'install one');
};

describe('openBackend', () => {
  beforeEach(() => {
    native.open = missing;
    tensorflow.open = notInstalled;
  });

  it('auto takes native where it loads, and says so', async () => {
    const loaded = { info: { name: 'native', family: 'AVX-512 float32' } } as Backend;
    native.open = async () => loaded;
    const { backend, why } = await openBackend('auto', {});
    expect(backend).toBe(loaded);
    expect(why).toMatch(/^native: .*AVX-512/);
  });

  it('auto falls back to reference, with the reason', async () => {
    const { backend, why } = await openBackend('auto', {});
    expect(backend.info.name).toBe('reference');
    expect(why).toMatch(/^reference, .*no C\+\+ compiler.*neither package is installed/);
    await backend.close();
  });

  it('auto takes TensorFlow where native does not load, and says why', async () => {
    const loaded = { info: { name: 'tensorflow', family: 'TensorFlow 2.9.1 on the graphics card' } } as Backend;
    tensorflow.open = async () => loaded;
    const { backend, why } = await openBackend('auto', {});
    expect(backend).toBe(loaded);
    expect(why).toMatch(/^tensorflow: .*graphics card.*no C\+\+ compiler/);
  });

  it('TensorFlow by name is an error where it is missing, however well native works', async () => {
    native.open = async () => ({ info: { name: 'native' } }) as Backend;
    await expect(openBackend('tensorflow', {})).rejects.toMatchObject({ code: 'tensorflow-missing' });
  });

  it('native by name is an error where it is missing', async () => {
    await expect(openBackend('native', {})).rejects.toMatchObject({ code: 'native-missing' });
  });

  it('a defect is not taken for a missing backend', async () => {
    native.open = async () => {
      throw new TypeError('a bug');
    };
    await expect(openBackend('auto', {})).rejects.toThrow('a bug');
  });

  it('says what became of a mixed precision that is not to be had', async () => {
    const loaded = (precision: string) =>
      ({ info: { name: 'native', family: '', numerics: { precision } } }) as unknown as Backend;
    native.open = async () => loaded('mixed');
    expect((await openBackend('native', { precision: 'mixed' })).why).toBe('native: asked for by name');
    native.open = async () => loaded('float32');
    expect((await openBackend('native', { precision: 'mixed' })).why).toMatch(/no bfloat16 arithmetic: float32 it is/);
    expect((await openBackend('native', { precision: 'auto' })).why).toBe('native: asked for by name');
    const { backend, why } = await openBackend('reference', { precision: 'mixed' });
    expect(why).toMatch(/has one precision: float64 it is/);
    await backend.close();
  });

  it('reference by name', async () => {
    const { backend, why } = await openBackend('reference', {});
    expect([backend.info.name, why]).toEqual([(await openReference()).info.name, 'reference: asked for by name']);
  });
});
