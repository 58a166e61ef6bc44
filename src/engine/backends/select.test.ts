import { describe, expect, it, vi } from 'vitest';
import { UserError } from '../errors.ts';
import type { Backend } from './backend.ts';
import { openReference } from './reference/index.ts';
import { openBackend } from './select.ts';

const native = vi.hoisted(() => ({ open: async (): Promise<Backend> => Promise.reject(new Error('not set')) }));
vi.mock('./native/index.ts', () => ({ openNative: () => native.open() }));

const missing = async () => {
  throw new UserError('native-missing', 'the native engine was not built: no C++ compiler', 'install one');
};

describe('openBackend', () => {
  it('auto takes native where it loads, and says so', async () => {
    const loaded = { info: { name: 'native', family: 'AVX-512 float32' } } as Backend;
    native.open = async () => loaded;
    const { backend, why } = await openBackend('auto', {});
    expect(backend).toBe(loaded);
    expect(why).toMatch(/^native: .*AVX-512/);
  });

  it('auto falls back to reference, with the reason', async () => {
    native.open = missing;
    const { backend, why } = await openBackend('auto', {});
    expect(backend.info.name).toBe('reference');
    expect(why).toMatch(/^reference, .*no C\+\+ compiler/);
    await backend.close();
  });

  it('native by name is an error where it is missing', async () => {
    native.open = missing;
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
    native.open = missing;
    const { backend, why } = await openBackend('reference', {});
    expect([backend.info.name, why]).toEqual([(await openReference()).info.name, 'reference: asked for by name']);
  });
});
