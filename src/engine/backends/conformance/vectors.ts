import { describe, expect, it } from 'vitest';
import type { Backend, Floats } from '../backend.ts';
import { noise } from './bench.ts';
import type { Bench } from './conformance.ts';

const { fround } = Math;
const elements = 100_003;

function values(name: string): Float32Array {
  const made = noise(name, 'f32', elements) as Float32Array;
  // Values whose products and quotients round, underflow and overflow.
  made.set([0, -0, 1e-45, -1e-40, 3.4e38, -3.4e38, 1.17549435e-38, 1 / 3, 16777217], name.length * 11);
  return made;
}

async function apply(backend: Backend, change: (target: Floats, source: Floats) => void): Promise<Float32Array> {
  const [target, source] = [backend.store('f32', elements), backend.store('f32', elements)];
  target.write(0, values('target'));
  source.write(0, values('a source'));
  change(target, source);
  const out = await target.read(0, elements);
  const untouched = bits(values('a source'));
  expect(bits(await source.read(0, elements)).every((word, i) => word === untouched[i])).toBe(true);
  target.free();
  source.free();
  return out;
}

const bits = (x: Float32Array) => new Uint32Array(x.buffer, x.byteOffset, x.length);

export function vectorSuite(bench: Bench): void {
  const flushed = (got: number, want: number) => !bench.subnormals && got === 0 && Math.abs(want) < 2 ** -126;
  const check = async (
    change: (backend: Backend) => (target: Floats, source: Floats) => void,
    formula: (t: number, s: number) => number,
  ) => {
    const [t, s] = [values('target'), values('a source')];
    const want = t.map((x, i) => fround(formula(x, s[i])));
    const got = await apply(bench.tested, change(bench.tested));
    const [gotBits, wantBits] = [bits(got), bits(want)];
    const wrong = [...gotBits.keys()].filter(
      (i) =>
        gotBits[i] !== wantBits[i] && !(Number.isNaN(got[i]) && Number.isNaN(want[i])) && !flushed(got[i], want[i]),
    );
    expect(wrong.slice(0, 5).map((i) => `${t[i]} ${s[i]}: ${got[i]}, expected ${want[i]}`)).toEqual([]);
  };

  describe('vectors, bit for bit', () => {
    it('copy', () =>
      check(
        (b) => b.vectors.copy,
        (_, s) => s,
      ));
    it('add', () =>
      check(
        (b) => b.vectors.add,
        (t, s) => t + s,
      ));
    it.each([3, 7, 1000])('divide by %i', (n) =>
      check(
        (b) => (t) => b.vectors.divide(t, n),
        (t) => t / n,
      ),
    );
    it.each([0.1, 1 - 0.9999, 1, 0])('lerp by %f', (weight) =>
      check(
        (b) => (t, s) => b.vectors.lerp(t, s, weight),
        (t, s) => t + fround(fround(weight) * fround(s - t)),
      ),
    );
    it.each([1, 3, 77])('running mean over %i', (n) =>
      check(
        (b) => (t, s) => b.vectors.running(t, s, n),
        (t, s) => t + fround(fround(s - t) / n),
      ),
    );

    it.each([1 / 3, 1e-30, -2, 0])('scale by %f', (factor) =>
      check(
        (b) => (t) => b.vectors.scale(t, factor),
        (t) => t * fround(factor),
      ),
    );
    it.each([1 / 3, 0.0625, -2.9, 0])('add, weighted by %f', (weight) =>
      check(
        (b) => (t, s) => b.vectors.addScaled(t, s, weight),
        (t, s) => t + fround(fround(weight) * s),
      ),
    );

    it('allFinite finds one bad value anywhere', async () => {
      const store = bench.tested.store('f32', elements);
      expect(await bench.tested.vectors.allFinite(store)).toBe(true);
      store.write(5, Float32Array.of(3.4e38, -3.4e38, 1e-45));
      expect(await bench.tested.vectors.allFinite(store)).toBe(true);
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
        for (const at of [0, 4097, elements - 1]) {
          store.write(at, Float32Array.of(bad));
          expect(await bench.tested.vectors.allFinite(store)).toBe(false);
          store.write(at, Float32Array.of(1));
        }
      expect(await bench.tested.vectors.allFinite(store)).toBe(true);
      store.free();
    });

    it('refuses vectors of different lengths', () => {
      const [long, short] = [bench.tested.store('f32', 10), bench.tested.store('f32', 9)];
      expect(() => bench.tested.vectors.add(long, short)).toThrow();
    });
  });
}
