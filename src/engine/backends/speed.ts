/** How fast a backend multiplies, to choose between two. */
import type { Program, Tensor } from '../program/types.ts';
import type { Backend, Store } from './backend.ts';
import type { Race } from './select.ts';

const size = 1024;
const passes = 3;

/** For what is no training: a float32 matrix product, of the best of three runs of four. */
export const productRace: Race = { of: 'a product of two 1,024 × 1,024 matrices', seconds: productSeconds };

async function productSeconds(backend: Backend): Promise<number> {
  const tensor = (id: number, name: string): Tensor => ({
    ...{ id, name, shape: [size, size], dtype: 'f32', offset: 0 },
    ...(name === 'weight' ? { role: 'parameter', store: 'parameters' } : { role: 'persistent', store: name }),
  });
  const [x, weight, y] = [tensor(0, 'x'), tensor(1, 'weight'), tensor(2, 'y')];
  const program: Program = {
    name: 'speed',
    ops: [{ kind: 'linear', in: { x, weight }, out: { y }, attrs: { activation: 'none' }, writes: {} }],
    results: [],
  };
  const stores: Record<string, Store> = {};
  for (const { store } of [x, weight, y]) stores[store!] = backend.store('f32', size * size);
  const executable = backend.compile(program);
  executable.run(stores, {});
  await backend.drain();
  let least = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < passes; pass++) {
    const start = performance.now();
    for (let i = 0; i < 4; i++) executable.run(stores, {});
    await backend.drain();
    least = Math.min(least, performance.now() - start);
  }
  executable.free();
  for (const store of Object.values(stores)) store.free();
  return least / 1000 / 4;
}
