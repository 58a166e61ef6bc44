/**
 * The loss's line in the ring, and AdamW over the flat vector. Whether an update happens, its t and its factors are
 * worked out on the device, so nothing waits for a norm. Finiteness is asked of bits: WGSL may assume that no value
 * is infinite.
 */
import { sizeOf } from '../../../program/shapes.ts';
import type { Op } from '../../../program/types.ts';
import { flat, gridOf, perElement, type Shader, type Spread, spread } from '../wgsl.ts';
import type { Dispatch, Settings, Space } from './dispatch.ts';

const finiteFunction = `
fn finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }`;

const recordShader = (rows: Spread): Shader => ({
  name: 'loss to the ring',
  slots: [{ name: 'losses' }, { name: 'ring', writes: true }],
  numbers: { rows: 'u32' },
  workgroup: rows.workgroup,
  declarations: rows.reduction('sumAll', 'sum'),
  body: `${rows.head('1u')}
  var part = 0.0;
  for (var i = turn; i < p.rows; i += ${rows.stride}) { part += losses[i]; }
  let total = sumAll(part, lane);
  if (${rows.writes}) {
    var value = s.lossScale * total / f32(p.rows);
    if (s.accumulate == 1u) { value = ring[4u * s.ringSlot] + value; }
    ring[4u * s.ringSlot] = value;
  }`,
});

export function recordLoss(op: Op<'recordLoss'>, { tiles }: Settings): Dispatch[] {
  const { losses, ring } = op.in;
  const operands = { losses, ring: { tensor: ring, whole: true as const } };
  const shader = recordShader(spread(flat, tiles.staged));
  return [{ shader, operands, numbers: { rows: sizeOf(losses.shape) }, grid: [1, 1, 1] }];
}

/** Threads that sum the squares of a segment, together and alone. */
const squareThreads = 512 * flat;
const loneSquareThreads = 512;

/** A row is a thread's share. */
const squaresShader = (shared: boolean): Shader => ({
  name: `sum of squares, parts${shared ? ' of a workgroup' : ''}`,
  slots: [{ name: 'gradients' }, { name: 'parts', writes: true }],
  numbers: { elements: 'u32', first: 'u32' },
  workgroup: [flat, 1, 1],
  declarations: shared ? spread(flat, true).reduction('sumAll', 'sum') : '',
  body: `
  var part = 0.0;
  let thread = group.x * ${flat}u + lane;
  for (var i = thread; i < p.elements; i += ${shared ? squareThreads : loneSquareThreads}u) {
    part += gradients[i] * gradients[i];
  }
  ${
    shared
      ? 'let total = sumAll(part, lane);\n  if (lane == 0u) { parts[p.first + group.x] = total; }'
      : 'parts[p.first + thread] = part;'
  }`,
});

/**
 * factors: whether to apply (1 or 0), clip's factor, lr/(1 − β₁ᵗ), √(1 − β₂ᵗ). 1 − βᵗ = −expm1(t·ln β), by its
 * series where t·ln β is small: float32 has too few digits for 1 − 0.999.
 */
const decideShader = (rows: Spread): Shader => ({
  name: 'decide on the update',
  slots: [
    { name: 'parts' },
    { name: 'counters', writes: true },
    { name: 'ring', writes: true },
    { name: 'factors', writes: true },
  ],
  numbers: { count: 'u32', clip: 'f32', logBeta1: 'f32', logBeta2: 'f32', plain1: 'u32', plain2: 'u32' },
  workgroup: rows.workgroup,
  declarations: `${finiteFunction}
fn complement(x: f32) -> f32 {
  if (x < -0.5) { return 1.0 - exp(x); }
  var term = 1.0;
  var sum = 1.0;
  for (var n = 2u; n <= 10u; n++) { term = term * x / f32(n); sum += term; }
  return -x * sum;
}
${rows.reduction('sumAll', 'sum')}`,
  body: `${rows.head('1u')}
  var part = 0.0;
  for (var i = turn; i < p.count; i += ${rows.stride}) { part += parts[i]; }
  let squares = sumAll(part, lane);
  if (!(${rows.writes})) { return; }
  let norm = sqrt(squares);
  let at = 4u * s.ringSlot;
  ring[at + 1u] = select(norm, squares, !finite(squares));
  if (!finite(squares) || !finite(ring[at])) {
    ring[at + 2u] = 0.0;
    ring[at + 3u] = counters[0];
    factors[0] = 0.0;
    return;
  }
  let t = counters[0] + 1.0;
  counters[0] = t;
  ring[at + 2u] = 1.0;
  ring[at + 3u] = t;
  factors[0] = 1.0;
  factors[1] = select(1.0, min(1.0, p.clip / (norm + 1.0e-6)), p.clip > 0.0);
  factors[2] = s.learningRate / select(complement(t * p.logBeta1), 1.0, p.plain1 == 1u);
  factors[3] = sqrt(select(complement(t * p.logBeta2), 1.0, p.plain2 == 1u));`,
});

const applyShader: Shader = {
  name: 'AdamW',
  slots: [
    { name: 'parameters', writes: true },
    { name: 'gradients' },
    { name: 'm', writes: true },
    { name: 'v', writes: true },
    { name: 'factors' },
    { name: 'ranges', type: 'u32' },
  ],
  numbers: {
    elements: 'u32',
    first: 'u32',
    ranges: 'u32',
    beta1: 'f32',
    other1: 'f32',
    beta2: 'f32',
    other2: 'f32',
    epsilon: 'f32',
    weightDecay: 'f32',
  },
  workgroup: [flat, 1, 1],
  declarations: `
fn decays(element: u32) -> bool {
  var low = 0u;
  var high = p.ranges;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (ranges[2u * middle + 1u] <= element) { low = middle + 1u; } else { high = middle; }
  }
  return low < p.ranges && ranges[2u * low] <= element;
}`,
  body: `${perElement('p.elements')}
  if (factors[0] == 0.0) { return; }
  var value = parameters[i];
  if (decays(p.first + i)) { value -= s.learningRate * p.weightDecay * value; }
  let gradient = gradients[i] * factors[1];
  let first = p.beta1 * m[i] + p.other1 * gradient;
  let second = p.beta2 * v[i] + p.other2 * gradient * gradient;
  m[i] = first;
  v[i] = second;
  parameters[i] = value - factors[2] * first / (sqrt(second) / factors[3] + p.epsilon);`,
};

export function adamw(op: Op<'adamw'>, space: Space, { bindingBytes, constants, tiles }: Settings): Dispatch[] {
  const shared = tiles.staged;
  const partsOf = shared ? squareThreads / flat : loneSquareThreads;
  const { parameters, gradients, m, v, counters, ring } = op.in;
  const { beta1, beta2, epsilon, weightDecay, clip, decay } = op.attrs;
  const total = sizeOf(parameters.shape);
  const most = Math.floor(bindingBytes / 4 / 64) * 64;
  const segments = Array.from({ length: Math.ceil(total / most) }, (_, i) => ({
    start: i * most,
    elements: Math.min(most, total - i * most),
  }));
  const parts = space.take(segments.length * partsOf);
  const factors = space.take(64);
  constants.set('decay', Uint32Array.from(decay.length > 0 ? decay.flat() : [0, 0]));
  return [
    ...segments.map(
      (segment, i): Dispatch => ({
        shader: squaresShader(shared),
        operands: { gradients: { tensor: gradients, ...segment }, parts },
        numbers: { elements: segment.elements, first: i * partsOf },
        grid: [(shared ? squareThreads : loneSquareThreads) / flat, 1, 1],
      }),
    ),
    {
      shader: decideShader(spread(flat, shared)),
      operands: { parts, counters, ring: { tensor: ring, whole: true }, factors },
      numbers: {
        count: segments.length * partsOf,
        clip,
        logBeta1: beta1 > 0 ? Math.log(beta1) : 0,
        logBeta2: beta2 > 0 ? Math.log(beta2) : 0,
        plain1: beta1 > 0 ? 0 : 1,
        plain2: beta2 > 0 ? 0 : 1,
      },
      grid: [1, 1, 1],
    },
    ...segments.map((segment): Dispatch => {
      const { start, elements } = segment;
      return {
        shader: applyShader,
        operands: {
          parameters: { tensor: parameters, ...segment },
          gradients: { tensor: gradients, ...segment },
          m: { tensor: m, ...segment },
          v: { tensor: v, ...segment },
          factors,
          ranges: { table: 'decay' },
        },
        numbers: {
          ...{ elements, first: start, ranges: decay.length, beta1, other1: 1 - beta1, beta2, other2: 1 - beta2 },
          ...{ epsilon, weightDecay },
        },
        grid: gridOf(Math.ceil(elements / flat)),
      };
    }),
  ];
}
