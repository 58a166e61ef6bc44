/** The pickle of a dictionary of tensors and plain values, protocol 2, as torch.load(weights_only=True) takes it. */
import type { WeightDType } from '../vector.ts';

/** A whole storage, seen in one shape. */
export interface StoredTensor {
  /** Of its storage in the container. */
  readonly key: string;
  readonly dtype: WeightDType;
  readonly shape: readonly number[];
}

export type Writable = null | boolean | number | string | StoredTensor | ReadonlyMap<string, Writable>;

const storages: Readonly<Record<WeightDType, string>> = {
  float32: 'FloatStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
};

const mark = Buffer.from('(');
const global = (module: string, name: string) => Buffer.from(`c${module}\n${name}\n`);
/** An empty OrderedDict: the hooks that a tensor does not have. */
const noHooks = Buffer.concat([global('collections', 'OrderedDict'), Buffer.from(')R')]);

/** @param value a dictionary; integers beyond 32 bits and other numbers are floats */
export function writePickle(value: ReadonlyMap<string, Writable>): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from([0x80, 2])];
  put(parts, value);
  parts.push(Buffer.from('.'));
  return Buffer.concat(parts);
}

function put(parts: Uint8Array[], value: Writable): void {
  if (value === null) parts.push(Buffer.from('N'));
  else if (typeof value === 'boolean') parts.push(Buffer.from([value ? 0x88 : 0x89]));
  else if (typeof value === 'number') parts.push(number(value));
  else if (typeof value === 'string') parts.push(text(value));
  else if (value instanceof Map) {
    parts.push(Buffer.from('}('));
    for (const [key, item] of value) {
      parts.push(text(key));
      put(parts, item);
    }
    parts.push(Buffer.from('u'));
  } else parts.push(tensor(value as StoredTensor));
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  if (Number.isInteger(value) && value === (value | 0)) {
    bytes.write('J');
    bytes.writeInt32LE(value, 1);
    return bytes.subarray(0, 5);
  }
  bytes.write('G');
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function text(value: string): Buffer {
  const encoded = Buffer.from(value);
  const head = Buffer.alloc(5);
  head.write('X');
  head.writeUInt32LE(encoded.length, 1);
  return Buffer.concat([head, encoded]);
}

/** _rebuild_tensor_v2(storage, 0, shape, strides, requires_grad = False, hooks). */
function tensor({ key, dtype, shape }: StoredTensor): Buffer {
  const count = shape.reduce((a, b) => a * b, 1);
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const tuple = (items: readonly Buffer[]) => Buffer.concat([mark, ...items, Buffer.from('t')]);
  const storage = tuple([text('storage'), global('torch', storages[dtype]), text(key), text('cpu'), number(count)]);
  const persistent = Buffer.concat([storage, Buffer.from('Q')]);
  const layout = [number(0), tuple(shape.map(number)), tuple(strides.map(number)), Buffer.from([0x89]), noHooks];
  const rebuild = global('torch._utils', '_rebuild_tensor_v2');
  return Buffer.concat([rebuild, tuple([persistent, ...layout]), Buffer.from('R')]);
}
