import { rowsOf, widthOf } from '../../../program/shapes.ts';
import type { Op, Tensor } from '../../../program/types.ts';
import type { Kernel, Memory, Numbers } from '../memory.ts';
import { put } from '../memory.ts';

export const rmsNorm: Kernel<'rmsNorm'> = (op, memory) => {
  normalise(op, memory.numbers(op.in.x), op.in.x, memory);
  return undefined;
};

export const residualRmsNorm: Kernel<'residualRmsNorm'> = (op, memory) => {
  const x = memory.numbers(op.in.x);
  const delta = memory.numbers(op.in.delta);
  const sum = memory.numbers(op.out.sum);
  for (let i = 0; i < sum.length; i++) sum[i] = x[i] + delta[i];
  normalise(op, sum, op.out.sum, memory);
  return undefined;
};

function normalise(op: Op<'rmsNorm'> | Op<'residualRmsNorm'>, x: Numbers, shape: Tensor, memory: Memory): void {
  const rows = rowsOf(shape);
  const width = widthOf(shape);
  const weight = memory.numbers(op.in.weight);
  const y = memory.numbers(op.out.y);
  const rstd = memory.numbers(op.out.rstd);
  for (let i = 0; i < rows; i++) {
    const at = i * width;
    let squares = 0;
    for (let j = 0; j < width; j++) squares += x[at + j] ** 2;
    const scale = 1 / Math.sqrt(squares / width + op.attrs.epsilon);
    for (let j = 0; j < width; j++) y[at + j] = x[at + j] * scale * weight[j];
    rstd[i] = scale;
  }
}

/** With x̂ = x·rstd and g = dy·weight: dx = rstd·(g − x̂·mean(g·x̂)) + dresidual, dweight = Σ dy·x̂. */
export const rmsNormBackward: Kernel<'rmsNormBackward'> = (op, memory, scalars) => {
  const rows = rowsOf(op.in.x);
  const width = widthOf(op.in.x);
  const x = memory.numbers(op.in.x);
  const weight = memory.numbers(op.in.weight);
  const rstd = memory.numbers(op.in.rstd);
  const dy = memory.numbers(op.in.dy);
  const dresidual = op.in.dresidual && memory.numbers(op.in.dresidual);
  const dx = new Float64Array(rows * width);
  const dweight = new Float64Array(width);
  for (let i = 0; i < rows; i++) {
    const at = i * width;
    let dot = 0;
    for (let j = 0; j < width; j++) {
      const unit = x[at + j] * rstd[i];
      dot += dy[at + j] * weight[j] * unit;
      dweight[j] += dy[at + j] * unit;
    }
    for (let j = 0; j < width; j++) {
      const unit = x[at + j] * rstd[i];
      const gradient = dy[at + j] * weight[j];
      dx[at + j] = rstd[i] * (gradient - (unit * dot) / width) + (dresidual ? dresidual[at + j] : 0);
    }
  }
  put(op, 'dx', memory.numbers(op.out.dx), dx, scalars);
  put(op, 'dweight', memory.numbers(op.out.dweight), dweight, scalars);
  return undefined;
};
