import type { Tensor } from '../../../program/types.ts';
import type { Kernel } from '../memory.ts';
import { put } from '../memory.ts';

export const embedding: Kernel<'embedding'> = (op, memory, scalars) => {
  const { tokens, wte, wpe } = op.in;
  const ids = memory.integers(tokens);
  const [batch, time] = tokens.shape;
  const width = wte.shape[1];
  const words = memory.numbers(wte);
  const positions = wpe && memory.numbers(wpe);
  const y = memory.numbers(op.out.y);
  if (wpe && scalars.position + time > wpe.shape[0])
    throw new Error(`embedding: position ${scalars.position} + ${time} tokens passes the ${wpe.shape[0]} rows of wpe`);
  for (let row = 0; row < batch * time; row++) {
    const word = checked('embedding', ids[row], wte.shape[0]) * width;
    const position = (scalars.position + (row % time)) * width;
    for (let j = 0; j < width; j++) y[row * width + j] = words[word + j] + (positions ? positions[position + j] : 0);
  }
  return undefined;
};

export const embeddingBackward: Kernel<'embeddingBackward'> = (op, memory, scalars) => {
  const { tokens } = op.in;
  const { dwte, dwpe } = op.out;
  const ids = memory.integers(tokens);
  const [batch, time] = tokens.shape;
  const width = dwte.shape[1];
  const dy = memory.numbers(op.in.dy);
  const words = zeros(dwte);
  const positions = dwpe && zeros(dwpe);
  for (let row = 0; row < batch * time; row++) {
    const word = checked('embeddingBackward', ids[row], dwte.shape[0]) * width;
    const position = (scalars.position + (row % time)) * width;
    for (let j = 0; j < width; j++) {
      words[word + j] += dy[row * width + j];
      if (positions) positions[position + j] += dy[row * width + j];
    }
  }
  put(op, 'dwte', memory.numbers(dwte), words, scalars);
  if (dwpe && positions) put(op, 'dwpe', memory.numbers(dwpe), positions, scalars);
  return undefined;
};

export const lastPosition: Kernel<'lastPosition'> = (op, memory) => {
  const [batch, time, width] = op.in.x.shape;
  const x = memory.numbers(op.in.x);
  const y = memory.numbers(op.out.y);
  for (let b = 0; b < batch; b++) {
    const at = (b * time + time - 1) * width;
    y.set(x.subarray(at, at + width), b * width);
  }
  return undefined;
};

/** The id, if the table has a row for it. */
export function checked(op: string, id: number, rows: number): number {
  if (id < 0 || id >= rows) throw new Error(`${op}: token ${id} is not in [0, ${rows})`);
  return id;
}

function zeros(tensor: Tensor): Float64Array {
  return new Float64Array(tensor.shape.reduce((a, b) => a * b, 1));
}
