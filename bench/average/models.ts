/** Models to average: GPT-2 small in float32, and a larger one in float16 shards, filled with what weights look like. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toHalf } from '../../src/engine/checkpoint/half.ts';
import { writeSafetensors } from '../../src/engine/checkpoint/safetensors.ts';

export interface Layout {
  readonly layers: number;
  readonly width: number;
  readonly dtype: 'F32' | 'F16';
  readonly shards: number;
}

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
}

function tensorsOf({ layers, width }: Layout): Tensor[] {
  const layer = (i: number): Tensor[] =>
    (
      [
        ['ln_1.weight', [width]],
        ['attn.c_attn.weight', [width, 3 * width]],
        ['attn.c_attn.bias', [3 * width]],
        ['attn.c_proj.weight', [width, width]],
        ['attn.c_proj.bias', [width]],
        ['ln_2.weight', [width]],
        ['mlp.c_fc.weight', [width, 4 * width]],
        ['mlp.c_fc.bias', [4 * width]],
        ['mlp.c_proj.weight', [4 * width, width]],
        ['mlp.c_proj.bias', [width]],
      ] as [string, number[]][]
    ).map(([name, shape]) => ({ name: `transformer.h.${i}.${name}`, shape }));
  return [
    { name: 'transformer.wte.weight', shape: [50257, width] },
    { name: 'transformer.wpe.weight', shape: [1024, width] },
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    { name: 'transformer.ln_f.weight', shape: [width] },
  ];
}

const elements = ({ shape }: Tensor) => shape.reduce((a, b) => a * b, 1);
export const bytesOf = (layout: Layout): number =>
  tensorsOf(layout).reduce((sum, tensor) => sum + elements(tensor) * (layout.dtype === 'F32' ? 4 : 2), 0);

/** Numbers are drawn once for each model and repeated: how long a sum takes does not depend on them. */
function* chunks(count: number, dtype: Layout['dtype'], seed: number): Generator<Uint8Array> {
  let state = seed * 2654435761 + 1;
  const block = Float32Array.from({ length: 1 << 18 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 0.08;
  });
  const data = dtype === 'F32' ? new Uint8Array(block.buffer) : new Uint8Array(toHalf(block).buffer);
  const size = dtype === 'F32' ? 4 : 2;
  for (let left = count; left > 0; left -= block.length) yield data.subarray(0, Math.min(left, block.length) * size);
}

/** Writes one and says of which files it is. */
export async function writeModel(folder: string, layout: Layout, seed: number): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), '{"model_type": "bench"}');
  const tensors = tensorsOf(layout);
  const perShard = Math.ceil(tensors.length / layout.shards);
  const files: string[] = [];
  const map: Record<string, string> = {};
  for (let shard = 0; shard < layout.shards; shard++) {
    const name =
      layout.shards === 1 ? 'model.safetensors' : `model-0000${shard + 1}-of-0000${layout.shards}.safetensors`;
    const own = tensors.slice(shard * perShard, (shard + 1) * perShard);
    for (const tensor of own) map[tensor.name] = name;
    await writeSafetensors(
      join(folder, name),
      own.map((tensor, i) => ({
        ...tensor,
        dtype: layout.dtype,
        chunks: chunks(elements(tensor), layout.dtype, seed + i),
      })),
      { format: 'pt' },
    );
    files.push(join(folder, name));
  }
  if (layout.shards > 1)
    await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
  return files;
}
