/** The names that a pickle of weights needs, and what calling them means here: descriptions of tensors, no more. */
import type { SafetensorsDType } from '../safetensors-header.ts';
import { type Calls, PickleGlobal, type PickleObject, PickleTuple, type PickleValue, Refusal } from './pickle.ts';
import { quote } from './refused.ts';

export interface TorchStorage extends PickleObject {
  readonly kind: 'storage';
  /** Its name in the container. */
  readonly key: string;
  readonly dtype: SafetensorsDType;
  readonly elements: number;
}

export interface TorchTensor extends PickleObject {
  readonly kind: 'tensor';
  readonly storage: TorchStorage;
  /** First element in the storage. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const storages: Readonly<Record<string, SafetensorsDType>> = {
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.DoubleStorage': 'F64',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};
const rebuildTensor = 'torch._utils._rebuild_tensor_v2';
const rebuildParameter = 'torch._utils._rebuild_parameter';
const ordered = 'collections.OrderedDict';
/** Values beside the weights (a configuration's dtype and device); their arguments are looked at by nobody. */
const plain = ['torch.device', 'torch.Size'];
const dtypes = ['float32', 'float16', 'bfloat16', 'float64', 'int64', 'int32', 'int16', 'int8', 'uint8', 'bool'];
const names = new Set([
  ...Object.keys(storages),
  ...[rebuildTensor, rebuildParameter, ordered],
  ...plain,
  ...dtypes.map((dtype) => `torch.${dtype}`),
]);

export const isTensor = (value: PickleValue | undefined): value is TorchTensor =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensor';

export const torchCalls: Calls = {
  allowed: (name) => names.has(name),
  call(name, args) {
    if (name === rebuildTensor) return tensor(args);
    if (name === rebuildParameter) {
      if (!isTensor(args[0])) throw new Refusal('it makes a parameter of something that is no tensor');
      return args[0];
    }
    if (name === ordered) {
      if (args.length > 0) throw new Refusal('it fills an OrderedDict by its constructor');
      return new Map();
    }
    if (plain.includes(name)) return { kind: name };
    throw new Refusal(`it calls ${quote(name)}, which weights do not need`);
  },
  /** ('storage', type, key, location, elements), as torch.save writes it. */
  persistent(id) {
    const [tag, type, key, , elements] = id instanceof PickleTuple ? id.items : [];
    const dtype = type instanceof PickleGlobal ? storages[type.name] : undefined;
    if (tag !== 'storage' || !dtype || typeof key !== 'string' || !isNatural(elements))
      throw new Refusal('a persistent id in it is no storage of a known type');
    const storage: TorchStorage = { kind: 'storage', key, dtype, elements };
    return storage;
  },
};

/** (storage, offset, shape, strides, requires_grad, hooks[, metadata]); nothing may reach past the storage. */
function tensor(args: readonly PickleValue[]): TorchTensor {
  const [storage, offset, shape, strides] = args;
  const isStorage = typeof storage === 'object' && storage !== null && 'kind' in storage && storage.kind === 'storage';
  if (!isStorage || !isNatural(offset) || !isNaturals(shape) || !isNaturals(strides))
    throw new Refusal('a tensor in it is described in a way that torch.save does not use');
  if (shape.items.length !== strides.items.length) throw new Refusal('a tensor in it has more sizes than strides');
  const sizes = shape.items as number[];
  const steps = strides.items as number[];
  const { elements } = storage as TorchStorage;
  const last = sizes.includes(0) ? 0 : sizes.reduce((sum, size, i) => sum + (size - 1) * steps[i], offset) + 1;
  const count = sizes.reduce((a, b) => a * b, 1);
  if (!(last <= elements) || !(offset <= elements) || !Number.isSafeInteger(count))
    throw new Refusal(
      `a tensor of shape [${sizes.slice(0, 8)}] in it reaches past its storage of ${elements} elements`,
    );
  return { kind: 'tensor', storage: storage as TorchStorage, offset, shape: sizes, strides: steps };
}

/** Whether elements lie one after the other, row by row; a dimension of one element has no stride to speak of. */
export function isContiguous({ shape, strides }: TorchTensor): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] === 0) return true;
    if (shape[i] !== 1 && strides[i] !== expected) return false;
    expected *= shape[i];
  }
  return true;
}

const isNatural = (value: PickleValue | undefined): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
const isNaturals = (value: PickleValue | undefined): value is PickleTuple =>
  value instanceof PickleTuple && value.items.length <= 64 && value.items.every(isNatural);
