/**
 * A checkpoint of llm.c (train_gpt2.py's write_model, gpt2_build_from_checkpoint): 256 integers, then every tensor in
 * llm.c's order, those of all layers side by side, linear weights [out, in]. Version 3 is float32, 5 bfloat16. Under
 * nanoGPT's names; read by range, as if an attacker wrote it.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { ModelConfig } from '../../../shared/config.ts';
import { UserError } from '../../errors.ts';
import { llmcHeadIntegers, llmcMagic, llmcOrder } from '../export/llmc.ts';
import { elements } from '../foreign.ts';
import { toFloats } from '../safetensors.ts';
import { dtypeBytes } from '../safetensors-header.ts';
import { quote } from './refused.ts';
import type { SourceTensor, TensorPlace, TensorSource } from './tensors.ts';

const headBytes = 4 * llmcHeadIntegers;
/** No model that a checkpoint describes is larger in any of its numbers. */
const mostOf = { blockSize: 1 << 24, vocabSize: 1 << 24, layers: 10_000, heads: 10_000, width: 1 << 20 } as const;

function damagedLlmc(path: string, reason: string): UserError {
  return new UserError(
    'file-damaged',
    `${path} is not a usable checkpoint of llm.c: ${reason}.`,
    'Copy or download the file again, or use another checkpoint.',
  );
}

/** Whether a file begins as llm.c's checkpoints do. */
export async function isLlmcFile(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.readInt32LE(0) === llmcMagic;
  } finally {
    await handle.close();
  }
}

export class LlmcFile implements TensorSource {
  readonly path: string;
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly metadata = {};
  /** What the head says: GPT-2 with biases and the tanh form of GELU, llm.c knows no other. */
  readonly model: ModelConfig;
  readonly #handle: FileHandle;
  readonly #positions: ReadonlyMap<string, number>;

  private constructor(path: string, handle: FileHandle, { model, tensors, positions }: Layout) {
    this.path = path;
    this.files = [path];
    this.#handle = handle;
    this.model = model;
    this.tensors = tensors;
    this.#positions = positions;
  }

  /** @throws UserError 'file-damaged' for a head that lies, or a file of another size than it says */
  static async open(path: string): Promise<LlmcFile> {
    const handle = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
      if (bytesRead < headBytes)
        throw damagedLlmc(path, `it has ${bytesRead} bytes, less than the ${headBytes} of its head`);
      return new LlmcFile(path, handle, layout(path, buffer, (await handle.stat()).size));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async raw(name: string, start: number, count: number): Promise<Uint8Array> {
    const target = new Uint8Array(Math.max(0, count) * dtypeBytes[this.#info(name).dtype]);
    await this.readInto(name, start, count, target);
    return target;
  }

  async readInto(name: string, start: number, count: number, target: Uint8Array): Promise<void> {
    const info = this.#info(name);
    if (start < 0 || count < 0 || start + count > info.elements)
      throw new RangeError(`${name} has ${info.elements} elements, [${start}, ${start + count}) was asked for`);
    const size = dtypeBytes[info.dtype];
    const position = this.#positions.get(name)! + start * size;
    for (let done = 0; done < count * size; ) {
      const { bytesRead } = await this.#handle.read(target, done, count * size - done, position + done);
      if (bytesRead === 0) throw damagedLlmc(this.path, `it ends at byte ${position + done}, inside its data`);
      done += bytesRead;
    }
  }

  async place(name: string): Promise<TensorPlace> {
    this.#info(name);
    return { file: this.path, position: this.#positions.get(name)! };
  }

  async floats(name: string, start: number, count: number): Promise<Float32Array> {
    return toFloats(await this.raw(name, start, count), this.#info(name).dtype)!;
  }

  fileOf(): string {
    return this.path;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #info(name: string): SourceTensor {
    const info = this.tensors.get(name);
    if (!info) throw damagedLlmc(this.path, `it has no tensor ${quote(name)}`);
    return info;
  }
}

interface Layout {
  readonly model: ModelConfig;
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly positions: ReadonlyMap<string, number>;
}

function layout(path: string, head: Buffer, size: number): Layout {
  const [magic, version, blockSize, vocabSize, layers, heads, width, padded] = Array.from({ length: 8 }, (_, i) =>
    head.readInt32LE(4 * i),
  );
  if (magic !== llmcMagic) throw damagedLlmc(path, 'it does not begin as one');
  if (version !== 3 && version !== 5)
    throw damagedLlmc(path, `it is of version ${version}; 3 (float32) and 5 (bfloat16) are read`);
  const numbers = { blockSize, vocabSize, layers, heads, width };
  for (const [name, most] of Object.entries(mostOf)) {
    const value = numbers[name as keyof typeof numbers];
    if (value < 1 || value > most) throw damagedLlmc(path, `its head says ${value} for ${name}`);
  }
  if (width % heads !== 0) throw damagedLlmc(path, `${heads} heads do not divide a width of ${width}`);
  if (padded < vocabSize || padded > mostOf.vocabSize)
    throw damagedLlmc(path, `its vocabulary of ${vocabSize} is padded to ${padded}`);
  const dtype = version === 3 ? 'F32' : 'BF16';
  const order = llmcOrder(width, blockSize, padded);
  const words = order.reduce((sum, [, shape, perLayer]) => sum + elements(shape) * (perLayer ? layers : 1), 0);
  const expected = headBytes + words * dtypeBytes[dtype];
  if (size !== expected) throw damagedLlmc(path, `its head asks for ${expected} bytes, the file has ${size}`);
  const tensors = new Map<string, SourceTensor>();
  const positions = new Map<string, number>();
  let position = headBytes;
  for (const [short, shape, perLayer] of order)
    for (let layer = 0; layer < (perLayer ? layers : 1); layer++) {
      const name = perLayer ? `transformer.h.${layer}.${short}` : `transformer.${short}`;
      const count = elements(shape);
      const bytes = count * dtypeBytes[dtype];
      tensors.set(name, { name, dtype, shape, elements: count, bytes });
      positions.set(name, position);
      position += bytes;
    }
  const model: ModelConfig = {
    ...numbers,
    paddedVocabSize: padded === vocabSize ? null : padded,
    dropout: 0,
    bias: true,
    gelu: 'tanh',
    inverseLayerScaling: false,
  };
  return { model, tensors, positions };
}
