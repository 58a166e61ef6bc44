import { beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../errors.ts';
import type { Backend } from './backend.ts';
import { openReference } from './reference/index.ts';
import { openBackend, type Race } from './select.ts';

const { native, tensorflow, webgpu } = vi.hoisted(() => {
  const engine = () => ({ open: async (): Promise<Backend> => Promise.reject(new Error('not set')) });
  return { native: engine(), tensorflow: engine(), webgpu: { ...engine(), test: async () => {} } };
});
vi.mock('./native/index.ts', () => ({ openNative: () => native.open() }));
vi.mock('./webgpu/index.ts', () => ({
  openWebgpu: () => webgpu.open(),
  selfTest: () => webgpu.test(),
}));
vi.mock('./speed.ts', () => ({
  productRace: { of: 'a product', seconds: async (backend: { seconds: number }) => backend.seconds },
}));
vi.mock('./tensorflow/index.ts', () => ({ openTensorflow: () => tensorflow.open() }));

const missing = async () => {
  throw new UserError('native-missing', 'the native engine was not built: no C++ compiler', 'install one');
};

const notInstalled = async () => {
  throw new UserError('tensorflow-missing', 'neither package is installed', 'install one');
};

const noCard = async () => {
  throw new UserError('webgpu-missing', 'no graphics driver was found', 'install one');
};

describe('openBackend', () => {
  beforeEach(() => {
    native.open = missing;
    tensorflow.open = notInstalled;
    webgpu.open = noCard;
    webgpu.test = async () => {};
  });

  it('a graphics card by name is tested before it is used, and closed where it computes wrongly', async () => {
    let closed = 0;
    const card = { info: { name: 'webgpu', device: 'a card' }, software: false, close: async () => void closed++ };
    webgpu.open = async () => card as unknown as Backend;
    expect((await openBackend('webgpu', {})).why).toBe('webgpu: asked for by name');
    webgpu.test = async () => {
      throw new UserError('webgpu-wrong', 'computes wrongly', 'update the driver');
    };
    await expect(openBackend('webgpu', {})).rejects.toMatchObject({ code: 'webgpu-wrong' });
    expect(closed).toBe(1);
  });

  it.each([
    [0.001, 'webgpu', /^webgpu: .*a product takes webgpu 1 ms, native 5 ms/],
    [0.02, 'native', /^native: .*a product takes native 5 ms, webgpu 20 ms/],
  ])(
    'auto takes a card that needs %d s for a product or native, whichever multiplies faster, and closes the other',
    async (seconds, name, why) => {
      const closed: string[] = [];
      const engine = (of: string, seconds: number) =>
        ({
          info: { name: of, family: '' },
          seconds,
          close: async () => void closed.push(of),
        }) as unknown as Backend;
      webgpu.open = async () => engine('webgpu', seconds);
      native.open = async () => engine('native', 0.005);
      const found = await openBackend('auto', {});
      expect(found.backend.info.name).toBe(name);
      expect(found.why).toMatch(why);
      expect(closed).toEqual([name === 'native' ? 'webgpu' : 'native']);
    },
  );

  it('auto leaves a card that computes wrongly, and says so', async () => {
    webgpu.open = async () => ({ info: { name: 'webgpu' }, close: async () => {} }) as unknown as Backend;
    webgpu.test = async () => {
      throw new UserError('webgpu-wrong', 'its gradients differ', 'update the driver');
    };
    native.open = async () => ({ info: { name: 'native', family: 'AVX2' } }) as Backend;
    expect((await openBackend('auto', {})).why).toMatch(/^native: .*not webgpu: its gradients differ/);
  });

  it('a software adapter by name is said to be slow', async () => {
    const card = { info: { name: 'webgpu', device: 'swiftshader' }, software: true };
    webgpu.open = async () => card as unknown as Backend;
    expect((await openBackend('webgpu', {})).why).toMatch(/swiftshader computes on the processor/);
  });

  it('auto takes native where it loads, and says so', async () => {
    const loaded = { info: { name: 'native', family: 'AVX-512 float32' } } as Backend;
    native.open = async () => loaded;
    const { backend, why } = await openBackend('auto', {});
    expect(backend).toBe(loaded);
    expect(why).toMatch(/^native: .*AVX-512/);
  });

  it('says which part of the processor the system refuses', async () => {
    const note = 'this processor has AMX, but the system does not let this process use it';
    native.open = async () => ({ info: { name: 'native', family: 'AVX-512 float32', note } }) as Backend;
    for (const choice of ['auto', 'native'] as const)
      expect((await openBackend(choice, {})).why).toMatch(/^native: .*; this processor has AMX, but/);
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

  describe('where both load', () => {
    const engine = (name: string) => ({ info: { name, family: '' }, close: vi.fn() }) as unknown as Backend;
    let both: Record<string, Backend>;
    beforeEach(() => {
      both = { native: engine('native'), tensorflow: engine('tensorflow') };
      native.open = async () => both.native!;
      tensorflow.open = async () => both.tensorflow!;
    });
    const race = (seconds: Record<string, number | Error>): Race => ({
      of: 'a step of this model',
      seconds: async ({ info }) => {
        const time = seconds[info.name]!;
        if (time instanceof Error) throw time;
        return time;
      },
    });

    it('auto takes the one that a step is faster on, closes the other and says the times', async () => {
      const { backend, why } = await openBackend('auto', {}, race({ native: 0.1666, tensorflow: 0.0321 }));
      expect(backend).toBe(both.tensorflow);
      expect(why).toBe(
        'tensorflow: the fastest here, measured: a step of this model takes tensorflow 32.1 ms, native 167 ms',
      );
      expect(both.native!.close).toHaveBeenCalledOnce();
      expect(both.tensorflow!.close).not.toHaveBeenCalled();
    });

    it('an engine that has no room for the model drops out, with its reason', async () => {
      const { backend, why } = await openBackend('auto', {}, race({ native: 2, tensorflow: new Error('no memory') }));
      expect(backend).toBe(both.native);
      expect(why).toContain('native 2000 ms, tensorflow cannot (no memory)');
    });

    it('where none runs it the first stays', async () => {
      const none = new Error('no memory');
      expect((await openBackend('auto', {}, race({ native: none, tensorflow: none }))).backend).toBe(both.native);
    });

    it('without a race nothing but the first is opened', async () => {
      tensorflow.open = async () => Promise.reject(new Error('opened'));
      expect((await openBackend('auto', {})).backend).toBe(both.native);
    });
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
