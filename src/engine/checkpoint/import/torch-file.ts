/**
 * A file of torch.save (.pt, .pth, pytorch_model.bin): `NAME/data.pkl` describes tensors, `NAME/data/KEY` holds the
 * bytes of each storage, little-endian. Weights are read by range, the pickle by an interpreter that executes nothing.
 */

import { open } from 'node:fs/promises';
import { toFloats } from '../safetensors.ts';
import { dtypeBytes } from '../safetensors-header.ts';
import { type PickleMap, type PickleValue, readPickle } from './pickle.ts';
import { damagedTorch, quote } from './refused.ts';
import type { SourceTensor, TensorPlace, TensorSource } from './tensors.ts';
import { isContiguous, isTensor, type TorchTensor, torchCalls } from './torch-globals.ts';
import { ZipReader } from './zip.ts';

/** A pickle larger than this describes no weights. */
const pickleLimit = 32 << 20;
/** Where training scripts keep the weights among other things; nanoGPT, then what others do. */
const stateKeys = ['model', 'state_dict', 'model_state_dict'];

/** An open file of torch.save. */
export class TorchFile implements TensorSource {
  readonly path: string;
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly metadata = {};
  /** What else the file holds, nanoGPT's model_args for one; empty where it is a state dict alone. */
  readonly extra: PickleMap;
  readonly #zip: ZipReader;
  readonly #found: ReadonlyMap<string, TorchTensor>;
  readonly #root: string;

  private constructor(zip: ZipReader, root: string, extra: PickleMap, found: ReadonlyMap<string, TorchTensor>) {
    this.path = zip.path;
    this.files = [zip.path];
    this.extra = extra;
    this.#zip = zip;
    this.#root = root;
    this.#found = found;
    this.tensors = new Map([...found].map(([name, tensor]) => [name, this.#describe(name, tensor)]));
  }

  /**
   * Prefixes that wrappers leave in names (`module.` of DistributedDataParallel, `_orig_mod.` of torch.compile) are
   * taken off. Entries of a state dict that are no tensors are left out.
   * @throws UserError 'pickle-refused' for a pickle that wants more than tensors, 'file-damaged' for everything else
   */
  static async open(path: string): Promise<TorchFile> {
    await refuseLegacy(path);
    const zip = await ZipReader.open(path);
    try {
      const root = await findRoot(zip);
      const value = readPickle(path, await zip.read(`${root}data.pkl`, pickleLimit), torchCalls);
      if (!(value instanceof Map)) throw damagedTorch(path, 'it holds no dictionary of tensors');
      const key = stateKeys.find((name) => value.get(name) instanceof Map);
      const state = key === undefined ? value : (value.get(key) as PickleMap);
      return new TorchFile(zip, root, key === undefined ? new Map() : value, named(path, state));
    } catch (error) {
      await zip.close();
      throw error;
    }
  }

  async raw(name: string, start: number, count: number): Promise<Uint8Array> {
    const tensor = this.#found.get(name);
    const info = this.tensors.get(name);
    if (!tensor || !info) throw damagedTorch(this.path, `it has no tensor ${quote(name)}`);
    if (start < 0 || count < 0 || start + count > info.elements)
      throw new RangeError(`${name} has ${info.elements} elements, [${start}, ${start + count}) was asked for`);
    const size = dtypeBytes[info.dtype];
    return this.#zip.range(this.#entry(tensor), (tensor.offset + start) * size, count * size);
  }

  async place(name: string): Promise<TensorPlace | null> {
    const tensor = this.#found.get(name);
    if (!tensor) throw damagedTorch(this.path, `it has no tensor ${quote(name)}`);
    const start = await this.#zip.place(this.#entry(tensor));
    return start === null
      ? null
      : { file: this.path, position: start + tensor.offset * dtypeBytes[tensor.storage.dtype] };
  }

  async floats(name: string, start: number, count: number): Promise<Float32Array> {
    const bytes = await this.raw(name, start, count);
    const { dtype } = this.tensors.get(name)!;
    const floats = toFloats(bytes, dtype);
    if (!floats) throw damagedTorch(this.path, `tensor ${quote(name)} holds ${dtype}, not floating-point numbers`);
    return floats;
  }

  /** Whether two names mean the same bytes, as tied weights do. */
  sameBytes(a: string, b: string): boolean {
    const [left, right] = [this.#found.get(a), this.#found.get(b)];
    return left?.storage.key === right?.storage.key && left?.offset === right?.offset;
  }

  fileOf(): string {
    return this.path;
  }

  close(): Promise<void> {
    return this.#zip.close();
  }

  #entry({ storage }: TorchTensor): string {
    return `${this.#root}data/${storage.key}`;
  }

  #describe(name: string, tensor: TorchTensor): SourceTensor {
    const { storage, shape } = tensor;
    const bad = (reason: string) => damagedTorch(this.path, `tensor ${quote(name)} ${reason}`);
    const size = this.#zip.entries.get(this.#entry(tensor))?.size;
    if (size === undefined) throw bad(`is in storage ${quote(storage.key)}, which is missing`);
    if (size !== storage.elements * dtypeBytes[storage.dtype])
      throw bad(`is in a storage of ${size} bytes that should have ${storage.elements} elements of ${storage.dtype}`);
    if (!isContiguous(tensor))
      throw bad(`of shape [${shape}] lies in strides [${tensor.strides}]; save it with .contiguous()`);
    const elements = shape.reduce((a, b) => a * b, 1);
    return { name, dtype: storage.dtype, shape, elements, bytes: elements * dtypeBytes[storage.dtype] };
  }
}

/** Before 1.6, torch.save wrote pickles one after the other; the first is this number. */
const legacyMagic = Buffer.from('80028a0a6cfc9c46f920', 'hex');

async function refuseLegacy(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(legacyMagic.length), 0, legacyMagic.length, 0);
    if (bytesRead === legacyMagic.length && buffer.equals(legacyMagic))
      throw damagedTorch(
        path,
        'it is in the format from before PyTorch 1.6; open it with PyTorch and torch.save it again',
      );
  } finally {
    await handle.close();
  }
}

/** The folder inside the zip file, and that its bytes are little-endian. */
async function findRoot(zip: ZipReader): Promise<string> {
  const pickles = [...zip.entries.keys()].filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickles.length !== 1) throw damagedTorch(zip.path, `it has ${pickles.length} entries data.pkl instead of one`);
  const root = pickles[0].slice(0, -'data.pkl'.length);
  if (zip.entries.has(`${root}constants.pkl`)) throw damagedTorch(zip.path, 'it is a TorchScript program, not weights');
  const order = `${root}byteorder`;
  if (zip.entries.has(order)) {
    const text = Buffer.from(await zip.read(order, 16)).toString('latin1');
    if (text !== 'little') throw damagedTorch(zip.path, `its byte order is ${quote(text)}, not "little"`);
  }
  return root;
}

function named(path: string, state: PickleMap): ReadonlyMap<string, TorchTensor> {
  const found = new Map<string, TorchTensor>();
  for (const [key, value] of state as ReadonlyMap<PickleValue, PickleValue>) {
    if (!isTensor(value)) continue;
    if (typeof key !== 'string') throw damagedTorch(path, 'a tensor in it has a number for a name');
    const name = key.replace(/^(?:module\.|_orig_mod\.)+/, '');
    // Names go into messages, terminals and headers.
    if (name === '__metadata__' || name.length > 500 || /\p{Cc}/u.test(name))
      throw damagedTorch(path, `${quote(name)} is no name for a tensor`);
    if (found.has(name)) throw damagedTorch(path, `two tensors in it are called ${quote(name)}`);
    found.set(name, value);
  }
  if (found.size === 0) throw damagedTorch(path, 'it holds no tensors');
  return found;
}
