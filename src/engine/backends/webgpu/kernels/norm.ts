/** LayerNorm. A workgroup a row; gradients of weight and bias by column, in parts of some rows each. */
import { rowsOf, sizeOf, widthOf } from '../../../program/shapes.ts';
import type { Op } from '../../../program/types.ts';
import { type Shader, type Spread, spread } from '../wgsl.ts';
import { type Dispatch, modeOf, type Operand, type Settings, type Space } from './dispatch.ts';
import { sumParts } from './elementwise.ts';

/** Threads of a row. */
const threads = 64;
/** Rows that one thread sums before parts are added. */
const partRows = 64;

const forwardShader = (rows: Spread, residual: boolean, bias: boolean): Shader => ({
  name: `layer norm${residual ? ' of a sum' : ''}${bias ? ', bias' : ''}`,
  slots: [
    { name: 'x' },
    ...(residual ? [{ name: 'delta' }, { name: 'total', writes: true }] : []),
    { name: 'weight' },
    ...(bias ? [{ name: 'bias' }] : []),
    { name: 'y', writes: true },
    { name: 'mean', writes: true },
    { name: 'rstd', writes: true },
  ],
  numbers: { rows: 'u32', width: 'u32', epsilon: 'f32' },
  workgroup: rows.workgroup,
  declarations: rows.reduction('sumAll', 'sum'),
  body: `${rows.head('p.rows')}
  let at = row * p.width;
  var sum = 0.0;
  for (var j = turn; j < p.width; j += ${rows.stride}) {
    ${residual ? 'let value = x[at + j] + delta[at + j]; total[at + j] = value;' : 'let value = x[at + j];'}
    sum += value;
  }
  let mu = sumAll(sum, lane) / f32(p.width);
  var squares = 0.0;
  for (var j = turn; j < p.width; j += ${rows.stride}) {
    let off = ${residual ? 'total' : 'x'}[at + j] - mu;
    squares += off * off;
  }
  let scale = 1.0 / sqrt(sumAll(squares, lane) / f32(p.width) + p.epsilon);
  for (var j = turn; j < p.width; j += ${rows.stride}) {
    y[at + j] = (${residual ? 'total' : 'x'}[at + j] - mu) * scale * weight[j]${bias ? ' + bias[j]' : ''};
  }
  if (${rows.writes}) { mean[row] = mu; rstd[row] = scale; }`,
});

export function layerNorm(op: Op<'layerNorm'> | Op<'residualLayerNorm'>, { tiles }: Settings): Dispatch[] {
  const rows = spread(threads, tiles.staged);
  const { x, weight, bias } = op.in;
  const { y, mean, rstd } = op.out;
  const residual = op.kind === 'residualLayerNorm';
  const sums: Record<string, Operand> = residual ? { delta: op.in.delta, total: op.out.sum } : {};
  const operands = { x, weight, ...(bias && { bias }), y, mean, rstd, ...sums };
  const numbers = { rows: rowsOf(x), width: widthOf(x), epsilon: op.attrs.epsilon };
  return [{ shader: forwardShader(rows, residual, !!bias), operands, numbers, grid: rows.grid(rowsOf(x)) }];
}

const inputShader = (rows: Spread, residual: boolean): Shader => ({
  name: `layer norm's input gradient${residual ? ', added' : ''}`,
  slots: [
    { name: 'x' },
    { name: 'weight' },
    { name: 'mean' },
    { name: 'rstd' },
    { name: 'dy' },
    ...(residual ? [{ name: 'dresidual' }] : []),
    { name: 'dx', writes: true },
  ],
  numbers: { rows: 'u32', width: 'u32' },
  workgroup: rows.workgroup,
  declarations: rows.reduction('sumAll', 'sum'),
  body: `${rows.head('p.rows')}
  let at = row * p.width;
  let mu = mean[row];
  let scale = rstd[row];
  var sum = 0.0;
  var dot = 0.0;
  for (var j = turn; j < p.width; j += ${rows.stride}) {
    let gradient = dy[at + j] * weight[j];
    sum += gradient;
    dot += gradient * (x[at + j] - mu) * scale;
  }
  let meanGradient = sumAll(sum, lane) / f32(p.width);
  let meanDot = sumAll(dot, lane) / f32(p.width);
  for (var j = turn; j < p.width; j += ${rows.stride}) {
    let unit = (x[at + j] - mu) * scale;
    dx[at + j] = scale * (dy[at + j] * weight[j] - meanGradient - unit * meanDot)${residual ? ' + dresidual[at + j]' : ''};
  }`,
});

const columnShader = (normed: boolean): Shader => ({
  name: normed ? "layer norm's weight gradient, parts" : 'column sums, parts',
  slots: [
    ...(normed ? [{ name: 'x' }, { name: 'mean' }, { name: 'rstd' }] : []),
    { name: 'dy' },
    { name: 'parts', writes: true },
  ],
  numbers: { rows: 'u32', width: 'u32', partRows: 'u32' },
  workgroup: [threads, 1, 1],
  body: `
  let j = group.x * ${threads}u + lane;
  if (j >= p.width) { return; }
  let first = group.y * p.partRows;
  let last = min(first + p.partRows, p.rows);
  var total = 0.0;
  for (var row = first; row < last; row++) {
    total += dy[row * p.width + j]${normed ? ' * (x[row * p.width + j] - mean[row]) * rstd[row]' : ''};
  }
  parts[group.y * p.width + j] = total;`,
});

/** y [width] = Σ over rows of dy, or of dy · x̂ where the norm's input is given. */
export function columnSums(
  dy: Operand,
  rows: number,
  width: number,
  y: Dispatch['operands'][string] & { shape: readonly number[] },
  mode: number,
  space: Space,
  norm?: Readonly<Record<'x' | 'mean' | 'rstd', Operand>>,
): Dispatch[] {
  // At most 256 parts, which one thread a column then adds.
  const size = Math.max(partRows, Math.ceil(rows / 256));
  const count = Math.ceil(rows / size);
  const parts = space.take(count * width);
  return [
    {
      shader: columnShader(!!norm),
      operands: { dy, parts, ...norm },
      numbers: { rows, width, partRows: size },
      grid: [Math.ceil(width / threads), count, 1],
    },
    sumParts(parts, count, width, y as never, sizeOf(y.shape), mode),
  ];
}

export function layerNormBackward(op: Op<'layerNormBackward'>, space: Space, { tiles }: Settings): Dispatch[] {
  const lines = spread(threads, tiles.staged);
  const { x, weight, mean, rstd, dy, dresidual } = op.in;
  const { dx, dweight, dbias } = op.out;
  const [rows, width] = [rowsOf(x), widthOf(x)];
  const sums = (y: typeof dweight, output: string, norm?: { x: Operand; mean: Operand; rstd: Operand }) =>
    columnSums(dy, rows, width, y, modeOf(op as never, output), space, norm);
  return [
    {
      shader: inputShader(lines, !!dresidual),
      operands: { x, weight, mean, rstd, dy, ...(dresidual && { dresidual }), dx },
      numbers: { rows, width },
      grid: lines.grid(rows),
    },
    ...sums(dweight, 'dweight', { x, mean, rstd }),
    ...(dbias ? sums(dbias, 'dbias') : []),
  ];
}
