/** Dropout, activations' slopes, clearing, sums of parts, and rows that are copied. One thread an element. */
import { sizeOf } from '../../../program/shapes.ts';
import type { Op, OpTable, Tensor } from '../../../program/types.ts';
import { dropoutThreshold } from '../../../random.ts';
import { addsFunction, flat, gridOf, perElement, type Shader } from '../wgsl.ts';
import { type Dispatch, modeOf, type Operand } from './dispatch.ts';
import { slopeFunction } from './gelu.ts';
import { randomFunctions } from './random.ts';

const grid = (elements: number) => gridOf(Math.ceil(elements / flat));

const dropoutShader = (drops: boolean): Shader => ({
  name: drops ? 'dropout' : 'copy or add',
  slots: [{ name: 'x' }, { name: 'y', writes: true }],
  numbers: { elements: 'u32', threshold: 'u32', kept: 'f32', stream: 'u32', mode: 'u32' },
  workgroup: [flat, 1, 1],
  declarations: (drops ? randomFunctions : '') + addsFunction,
  body: `${perElement('p.elements')}
  var value = x[i];
  ${drops ? 'value = select(0.0, value * p.kept, randomWord(p.stream, i) >= p.threshold);' : ''}
  if (adds()) { value = y[i] + value; }
  y[i] = value;`,
});

export function dropout(op: Op<'dropout'> | Op<'dropoutBackward'>): Dispatch[] {
  const { rate, stream } = op.attrs;
  const forward = op.kind === 'dropout';
  const x = forward ? op.in.x : op.in.dy;
  const y = forward ? op.out.y : op.out.dx;
  const elements = sizeOf(x.shape);
  const numbers = {
    elements,
    threshold: dropoutThreshold(rate),
    kept: 1 / (1 - rate),
    stream,
    mode: modeOf(op as never, forward ? 'y' : 'dx'),
  };
  return [{ shader: dropoutShader(rate > 0), operands: { x, y }, numbers, grid: grid(elements) }];
}

const slopeShader = (activation: OpTable['linear']['attrs']['activation']): Shader => ({
  name: `slope of ${activation}`,
  slots: [{ name: 'pre' }, { name: 'dy' }, { name: 'dpre', writes: true }],
  numbers: { elements: 'u32' },
  workgroup: [flat, 1, 1],
  declarations: slopeFunction(activation),
  body: `${perElement('p.elements')}
  dpre[i] = dy[i] * slope(pre[i]);`,
});

/** dpre = dy · act′(pre) */
export function slope(
  activation: OpTable['linear']['attrs']['activation'],
  pre: Tensor,
  dy: Tensor,
  dpre: Operand,
): Dispatch {
  const elements = sizeOf(pre.shape);
  return { shader: slopeShader(activation), operands: { pre, dy, dpre }, numbers: { elements }, grid: grid(elements) };
}

const clearShader: Shader = {
  name: 'clear unless added into',
  slots: [{ name: 'y', writes: true }],
  numbers: { start: 'u32', elements: 'u32', mode: 'u32' },
  workgroup: [flat, 1, 1],
  declarations: addsFunction,
  body: `${perElement('p.elements')}
  if (!adds()) { y[p.start + i] = 0.0; }`,
};

/** Zeroes `elements` from `start` on where a mode says overwrite. */
export function clear(y: Tensor, start: number, elements: number, mode: number): Dispatch[] {
  if (elements === 0) return [];
  return [{ shader: clearShader, operands: { y }, numbers: { start, elements, mode }, grid: grid(elements) }];
}

const sumPartsShader: Shader = {
  name: 'sum of parts',
  slots: [{ name: 'parts' }, { name: 'y', writes: true }],
  numbers: { elements: 'u32', count: 'u32', stride: 'u32', mode: 'u32' },
  workgroup: [flat, 1, 1],
  declarations: addsFunction,
  body: `${perElement('p.elements')}
  var total = 0.0;
  for (var part = 0u; part < p.count; part++) { total += parts[part * p.stride + i]; }
  if (adds()) { total = y[i] + total; }
  y[i] = total;`,
};

/** y = Σ parts, in the order of the parts. */
export function sumParts(parts: Operand, count: number, stride: number, y: Tensor, elements: number, mode: number) {
  const numbers = { elements, count, stride, mode };
  return { shader: sumPartsShader, operands: { parts, y }, numbers, grid: grid(elements) } satisfies Dispatch;
}

const lastShader: Shader = {
  name: 'last position',
  slots: [{ name: 'x' }, { name: 'y', writes: true }],
  numbers: { elements: 'u32', time: 'u32', width: 'u32' },
  workgroup: [flat, 1, 1],
  body: `${perElement('p.elements')}
  y[i] = x[((i / p.width + 1u) * p.time - 1u) * p.width + i % p.width];`,
};

export function lastPosition(op: Op<'lastPosition'>): Dispatch[] {
  const [batch, time, width] = op.in.x.shape;
  const elements = batch * width;
  const numbers = { elements, time, width };
  return [{ shader: lastShader, operands: { x: op.in.x, y: op.out.y }, numbers, grid: grid(elements) }];
}
