import { describe, expect, it } from 'vitest';
import { generateForward } from '../backends/conformance/generate.ts';
import { type FusionRow, lower } from './fusion.ts';
import { Recorder } from './recorder.ts';
import type { AnyOp } from './types.ts';

interface Fused {
  readonly fused: string;
  readonly ops: readonly AnyOp[];
}
const row = (name: string, pattern: FusionRow<Fused>['pattern'], when = true): FusionRow<Fused> => ({
  name,
  pattern,
  replace: (ops) => (when ? { fused: name, ops } : null),
});

function recorded() {
  const entries = [{ name: 'w', shape: [4, 4], offset: 0, decay: true }];
  const r = new Recorder('test', { entries, elements: 64, count: 16 });
  const x = r.input('x', [2, 3, 4], 'f32');
  const w = r.parameter('w');
  const a = r.linear(x, w);
  const b = r.dropout(a, { rate: 0.5, stream: 1000 });
  const c = r.linear(b, w);
  const d = r.linear(c, w);
  return { program: r.program(d), a, b, c, d };
}
const names = (list: (AnyOp | Fused)[]) => list.map((step) => ('fused' in step ? step.fused : step.kind));

describe('lower', () => {
  it('replaces neighbours by the first row that fits, at each place in turn', () => {
    const { program } = recorded();
    const table = [row('long', ['linear', 'dropout', 'linear', 'attention']), row('pair', ['linear', 'dropout'])];
    expect(names(lower(program, table))).toEqual(['pair', 'linear', 'linear']);
    expect(names(lower(program, [row('both', ['linear', 'linear']), ...table]))).toEqual(['pair', 'both']);
  });

  it('leaves alone what a row declines, and everything when it is off', () => {
    const { program } = recorded();
    const kinds = ['linear', 'dropout', 'linear', 'linear'];
    expect(names(lower(program, [row('no', ['linear'], false)]))).toEqual(kinds);
    expect(names(lower(program, [row('pair', ['linear', 'dropout'])], false))).toEqual(kinds);
  });

  it('tells rows who else reads a tensor', () => {
    const { program, a, c, d } = recorded();
    let seen: boolean[] = [];
    lower(program, [
      {
        name: 'ask',
        pattern: ['linear'],
        replace(_, uses) {
          seen = [uses.inner(a), uses.inner(c), uses.inner(d), uses.isResult(d), uses.readers(c) === 1];
          return null;
        },
      },
    ]);
    expect(seen).toEqual([true, true, false, true, true]);
  });

  it('keeps every operation of a generated program, once and in order', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { program } = generateForward(seed);
      const table = [row('a', ['linear', 'linear']), row('b', ['layerNorm', 'linear']), row('c', ['dropout'])];
      const flat = lower(program, table).flatMap((step) => ('fused' in step ? step.ops : [step]));
      expect(flat).toEqual(program.ops);
    }
  });
});
