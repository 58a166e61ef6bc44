/** Token and position embedding. The backward pass sums by token, in the order that the executable writes. */
import { sizeOf } from '../../../program/shapes.ts';
import type { Op } from '../../../program/types.ts';
import { addsFunction, flat, gridOf, perElement, type Shader } from '../wgsl.ts';
import { type Dispatch, modeOf } from './dispatch.ts';
import { clear } from './elementwise.ts';

const forwardShader: Shader = {
  name: 'embedding',
  slots: [{ name: 'tokens', type: 'i32' }, { name: 'wte' }, { name: 'wpe' }, { name: 'y', writes: true }],
  numbers: { elements: 'u32', time: 'u32', width: 'u32' },
  workgroup: [flat, 1, 1],
  body: `${perElement('p.elements')}
  let row = i / p.width;
  let j = i % p.width;
  y[i] = wte[u32(tokens[row]) * p.width + j] + wpe[(s.position + row % p.time) * p.width + j];`,
};

export function embedding(op: Op<'embedding'>): Dispatch[] {
  const { tokens, wte } = op.in;
  const wpe = op.in.wpe!;
  const elements = sizeOf(op.out.y.shape);
  const numbers = { elements, time: tokens.shape[1], width: wte.shape[1] };
  const operands = { tokens, wte, wpe, y: op.out.y };
  return [{ shader: forwardShader, operands, numbers, grid: gridOf(Math.ceil(elements / flat)) }];
}

/** order: rows by token, then per distinct token its id, first and end in that order; N tokens in all, ids −1 past the last. */
const wordShader: Shader = {
  name: "embedding's word gradient",
  slots: [{ name: 'order', type: 'i32' }, { name: 'dy' }, { name: 'dwte', writes: true }],
  numbers: { rows: 'u32', width: 'u32' },
  workgroup: [64, 1, 1],
  body: `
  let entry = p.rows + 3u * group.x;
  let j = group.y * 64u + lane;
  let token = order[entry];
  if (token < 0 || j >= p.width) { return; }
  var total = dwte[u32(token) * p.width + j];
  for (var at = order[entry + 1u]; at < order[entry + 2u]; at++) { total += dy[u32(order[at]) * p.width + j]; }
  dwte[u32(token) * p.width + j] = total;`,
};

const positionShader: Shader = {
  name: "embedding's position gradient",
  slots: [{ name: 'dy' }, { name: 'dwpe', writes: true }],
  numbers: { elements: 'u32', batch: 'u32', time: 'u32', width: 'u32', mode: 'u32' },
  workgroup: [flat, 1, 1],
  declarations: addsFunction,
  body: `${perElement('p.elements')}
  var total = 0.0;
  let t = i / p.width - s.position;
  if (i / p.width >= s.position && t < p.time) {
    for (var b = 0u; b < p.batch; b++) { total += dy[(b * p.time + t) * p.width + i % p.width]; }
  }
  if (adds()) { total = dwpe[i] + total; }
  dwpe[i] = total;`,
};

/** Words of the table that a backward pass over so many tokens needs. */
export const orderWords = (tokens: number) => 4 * tokens;

/** Rows sorted by token, stable, and where each token's begin and end: see `wordShader`. */
export function tokenOrder(ids: Int32Array, out: Int32Array): void {
  // Token and row in one number, so that sorting needs no function: both are far below 2^26.
  const keys = Float64Array.from(ids, (id, row) => id * ids.length + row).sort();
  const rows = Int32Array.from(keys, (key) => key % ids.length);
  out.set(rows, 0);
  let entry = rows.length;
  for (let first = 0; first < rows.length; entry += 3) {
    let end = first + 1;
    while (end < rows.length && ids[rows[end]] === ids[rows[first]]) end++;
    out[entry] = ids[rows[first]];
    out[entry + 1] = first;
    out[entry + 2] = end;
    first = end;
  }
  for (; entry < out.length; entry += 3) out[entry] = -1;
}

export function embeddingBackward(op: Op<'embeddingBackward'>): Dispatch[] {
  const { tokens, dy } = op.in;
  const { dwte } = op.out;
  const dwpe = op.out.dwpe!;
  const [batch, time] = tokens.shape;
  const [rows, width] = [batch * time, dwte.shape[1]];
  const positions = sizeOf(dwpe.shape);
  if (rows > 65_535) throw new Error(`embeddingBackward: ${rows} tokens at a time; this backend takes 65,535`);
  return [
    ...clear(dwte, 0, sizeOf(dwte.shape), modeOf(op as never, 'dwte')),
    {
      shader: wordShader,
      operands: { order: { table: `order of ${tokens.store}` }, dy, dwte },
      numbers: { rows, width },
      grid: [rows, Math.ceil(width / 64), 1],
    },
    {
      shader: positionShader,
      operands: { dy, dwpe },
      numbers: { elements: positions, batch, time, width, mode: modeOf(op as never, 'dwpe') },
      grid: gridOf(Math.ceil(positions / flat)),
    },
  ];
}
