import { rowsOf, sizeOf } from '../../../program/shapes.ts';
import type { Op } from '../../../program/types.ts';
import { modes } from '../wgsl.ts';
import { type Dispatch, modeOf, type Operand, type Settings, type Space } from './dispatch.ts';
import { slope } from './elementwise.ts';
import { product } from './matmul.ts';
import { columnSums } from './norm.ts';

export function linear(op: Op<'linear'>, space: Space, { tiles }: Settings): Dispatch[] {
  const { x, weight, bias } = op.in;
  const { y, pre } = op.out;
  const [k, n] = weight.shape;
  const { activation } = op.attrs;
  return product(tiles, space, {
    ...{ m: rowsOf(x), n, k, a: x, b: weight, c: y, mode: modes.overwrite },
    ...{ bias, pre, activation },
  });
}

export function linearBackward(op: Op<'linearBackward'>, space: Space, { tiles }: Settings): Dispatch[] {
  const { x, weight, dy, pre } = op.in;
  const { dx, dweight, dbias } = op.out;
  const [from, to] = weight.shape;
  const rows = rowsOf(x);
  const dispatches: Dispatch[] = [];
  let dpre: Operand = dy;
  if (op.attrs.activation !== 'none') {
    if (!pre) throw new Error(`linearBackward of "${weight.name}": ${op.attrs.activation} needs the value before it`);
    dpre = space.take(sizeOf(dy.shape));
    dispatches.push(slope(op.attrs.activation, pre, dy, dpre));
  }
  const mode = (output: string) => modeOf(op as never, output);
  dispatches.push(
    ...product(tiles, space, {
      ...{ m: rows, n: from, k: to, a: dpre, b: weight, bTransposed: true, c: dx, mode: mode('dx') },
    }),
    ...product(tiles, space, {
      ...{ m: from, n: to, k: rows, a: x, aTransposed: true, b: dpre, c: dweight, mode: mode('dweight') },
    }),
  );
  if (dbias) dispatches.push(...columnSums(dpre, rows, to, dbias, mode('dbias'), space));
  return dispatches;
}
