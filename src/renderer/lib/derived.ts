/** Columns worked out from others, value by value, and kept: when the source has grown, only what is new is worked out. */
import { Column } from '../../shared/column.ts';

interface Kept {
  column: Column;
  /** Cuts of the source that it has seen. */
  cuts: number;
  next: (value: number) => number;
}

const all = new WeakMap<Column, Map<string, Kept>>();

/** `key` names what is done; `begin` makes the function that is given the source's values one after the other. */
export function derived(source: Column, key: string, begin: () => (value: number) => number): Column {
  const of = all.get(source) ?? new Map<string, Kept>();
  all.set(source, of);
  let kept = of.get(key);
  if (!kept || kept.cuts !== source.cuts) {
    const kind = source.values instanceof Float32Array ? 'f32' : 'f64';
    kept = { column: new Column(kind), cuts: source.cuts, next: begin() };
    of.set(key, kept);
  }
  const { column, next } = kept;
  for (let i = column.length; i < source.length; i++) column.push(next(source.values[i]));
  return column;
}

export const scaled = (source: Column, factor: number): Column =>
  derived(source, `× ${factor}`, () => (value) => value * factor);

/**
 * Exponential moving average with bias correction, as Adam has it: m ← w·m + (1 − w)·y, shown m/(1 − wⁿ), so the start
 * is not drawn towards zero. A hole stays a hole and is not counted. One weight is kept: a slider passes many.
 */
export function smoothed(source: Column, weight: number): Column {
  if (weight <= 0) return source;
  const column = derived(source, `smoothed ${weight}`, () => {
    let mean = 0;
    let share = 0;
    return (value) => {
      if (Number.isNaN(value)) return value;
      mean = weight * mean + (1 - weight) * value;
      share = weight * share + (1 - weight);
      return mean / share;
    };
  });
  const of = all.get(source);
  for (const key of of?.keys() ?? []) if (key.startsWith('smoothed') && key !== `smoothed ${weight}`) of?.delete(key);
  return column;
}
