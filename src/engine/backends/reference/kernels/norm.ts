import { rowsOf, widthOf } from '../../../program/shapes.ts';
import type { Op, Tensor } from '../../../program/types.ts';
import type { Kernel, Memory, Numbers } from '../memory.ts';
import { put } from '../memory.ts';

export const layerNorm: Kernel<'layerNorm'> = (op, memory) => {
  normalise(op, memory.numbers(op.in.x), op.in.x, memory);
  return undefined;
};

export const residualLayerNorm: Kernel<'residualLayerNorm'> = (op, memory) => {
  const x = memory.numbers(op.in.x);
  const delta = memory.numbers(op.in.delta);
  const sum = memory.numbers(op.out.sum);
  for (let i = 0; i < sum.length; i++) sum[i] = x[i] + delta[i];
  normalise(op, sum, op.out.sum, memory);
  return undefined;
};

function normalise(op: Op<'layerNorm'> | Op<'residualLayerNorm'>, x: Numbers, shape: Tensor, memory: Memory): void {
  const rows = rowsOf(shape);
  const width = widthOf(shape);
  const weight = memory.numbers(op.in.weight);
  const bias = op.in.bias && memory.numbers(op.in.bias);
  const y = memory.numbers(op.out.y);
  const mean = memory.numbers(op.out.mean);
  const rstd = memory.numbers(op.out.rstd);
  for (let i = 0; i < rows; i++) {
    const at = i * width;
    let sum = 0;
    for (let j = 0; j < width; j++) sum += x[at + j];
    const mu = sum / width;
    let squares = 0;
    for (let j = 0; j < width; j++) squares += (x[at + j] - mu) ** 2;
    const scale = 1 / Math.sqrt(squares / width + op.attrs.epsilon);
    for (let j = 0; j < width; j++) y[at + j] = (x[at + j] - mu) * scale * weight[j] + (bias ? bias[j] : 0);
    mean[i] = mu;
    rstd[i] = scale;
  }
}

/**
 * With x̂ = (x − mean)·rstd and g = dy·weight: dx = rstd·(g − mean(g) − x̂·mean(g·x̂)) + dresidual,
 * dweight = Σ dy·x̂, dbias = Σ dy.
 */
export const layerNormBackward: Kernel<'layerNormBackward'> = (op, memory, scalars) => {
  const rows = rowsOf(op.in.x);
  const width = widthOf(op.in.x);
  const x = memory.numbers(op.in.x);
  const weight = memory.numbers(op.in.weight);
  const mean = memory.numbers(op.in.mean);
  const rstd = memory.numbers(op.in.rstd);
  const dy = memory.numbers(op.in.dy);
  const dresidual = op.in.dresidual && memory.numbers(op.in.dresidual);
  const dx = new Float64Array(rows * width);
  const dweight = new Float64Array(width);
  const dbias = new Float64Array(width);
  for (let i = 0; i < rows; i++) {
    const at = i * width;
    let sum = 0;
    let dot = 0;
    for (let j = 0; j < width; j++) {
      const unit = (x[at + j] - mean[i]) * rstd[i];
      const gradient = dy[at + j] * weight[j];
      sum += gradient;
      dot += gradient * unit;
      dweight[j] += dy[at + j] * unit;
      dbias[j] += dy[at + j];
    }
    for (let j = 0; j < width; j++) {
      const unit = (x[at + j] - mean[i]) * rstd[i];
      const gradient = dy[at + j] * weight[j];
      dx[at + j] = rstd[i] * (gradient - sum / width - (unit * dot) / width) + (dresidual ? dresidual[at + j] : 0);
    }
  }
  put(op, 'dx', memory.numbers(op.out.dx), dx, scalars);
  put(op, 'dweight', memory.numbers(op.out.dweight), dweight, scalars);
  if (op.out.dbias) put(op, 'dbias', memory.numbers(op.out.dbias), dbias, scalars);
  return undefined;
};
