/** A graph of ONNX in the making: operations by name, small constants, and weights whose bytes are written later. */
import { sizeOf } from '../../program/shapes.ts';
import type { ParameterEntry } from '../../program/types.ts';
import { float, head, integer, join, message, text } from './protobuf.ts';

/** Types of TensorProto. */
export const onnxTypes = { float32: 1, int64: 7, float16: 10 } as const;
const attributeTypes = { float: 1, int: 2, ints: 7 } as const;

/** Name of a value in the graph. */
export type Value = string;
type Attributes = Readonly<Record<string, number | readonly number[]>>;
/** Attributes that are floats; all others are whole numbers. */
const floats = new Set(['epsilon']);

export interface OnnxWeight {
  readonly entry: ParameterEntry;
  readonly shape: readonly number[];
  readonly type: 'float32' | 'float16';
}

export class OnnxGraph {
  readonly weights: OnnxWeight[] = [];
  readonly #half: boolean;
  readonly #entries: ReadonlyMap<string, ParameterEntry>;
  readonly #nodes: Uint8Array[] = [];
  readonly #constants: Uint8Array[] = [];
  readonly #known = new Map<string, Value>();
  #count = 0;

  /** @param half whether matrices are stored as float16; they are widened where they are used */
  constructor(entries: readonly ParameterEntry[], half: boolean) {
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
    this.#half = half;
  }

  /** One output of one operation. */
  node(operation: string, inputs: readonly Value[], attributes: Attributes = {}, output?: Value): Value {
    return this.nodes(operation, inputs, attributes, [output ?? this.#fresh(operation)])[0];
  }

  /** All outputs of an operation that has several. */
  nodes(operation: string, inputs: readonly Value[], attributes: Attributes, outputs: readonly Value[]): Value[] {
    this.#nodes.push(
      message(
        1,
        ...inputs.map((name) => text(1, name)),
        ...outputs.map((name) => text(2, name)),
        text(3, `n${this.#nodes.length}`),
        text(4, operation),
        ...Object.entries(attributes).map(([name, value]) => message(5, attribute(name, value))),
      ),
    );
    return [...outputs];
  }

  /** The value in pieces of given lengths along an axis. */
  split(x: Value, axis: number, lengths: readonly number[]): Value[] {
    return this.nodes(
      'Split',
      [x, this.integers(lengths)],
      { axis },
      lengths.map(() => this.#fresh('Split')),
    );
  }

  integers(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant(`i${shape.length === 0 ? 's' : ''}${values.join('_')}`, onnxTypes.int64, shape, bytes);
  }

  scalar(value: number): Value {
    return this.#constant(`f${value}`, onnxTypes.float32, [], new Uint8Array(Float32Array.of(value).buffer));
  }

  table(name: string, values: Float32Array, shape: readonly number[]): Value {
    return this.#constant(name, onnxTypes.float32, shape, new Uint8Array(values.buffer));
  }

  /** A tensor of the model in float32. @param rows of a vocabulary that is padded, those that count */
  weight(name: string, rows?: number): Value {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const entry = this.#entries.get(name);
    if (!entry) throw new Error(`no parameter is called "${name}"`);
    const type = this.#half && entry.shape.length > 1 ? 'float16' : 'float32';
    const shape = rows === undefined ? entry.shape : [rows, ...entry.shape.slice(1)];
    this.weights.push({ entry, shape, type });
    const value = type === 'float16' ? this.node('Cast', [name], { to: onnxTypes.float32 }) : name;
    this.#known.set(name, value);
    return value;
  }

  optionalWeight(name: string): Value | null {
    return this.#entries.has(name) ? this.weight(name) : null;
  }

  /** GraphProto without its weights, which are initializers too and may come last. */
  bytes(name: string, inputs: readonly Uint8Array[], outputs: readonly Uint8Array[]): Uint8Array {
    return join(
      ...this.#nodes,
      text(2, name),
      ...this.#constants,
      ...inputs.map((info) => message(11, info)),
      ...outputs.map((info) => message(12, info)),
    );
  }

  #constant(name: string, type: number, shape: readonly number[], bytes: Uint8Array): Value {
    if (!this.#known.has(name)) {
      this.#known.set(name, name);
      this.#constants.push(message(5, tensor(name, type, shape), head(9, bytes.length), bytes));
    }
    return name;
  }

  #fresh(operation: string): Value {
    return `${operation}_${this.#count++}`;
  }
}

/** TensorProto up to its bytes, which are field 9. */
export function tensor(name: string, type: number, shape: readonly number[]): Uint8Array {
  return join(...shape.map((n) => integer(1, n)), integer(2, type), text(8, name));
}

/** Bytes of a weight's values. */
export function weightBytes({ shape, type }: OnnxWeight): number {
  return sizeOf(shape) * (type === 'float32' ? 4 : 2);
}

/** ValueInfoProto; an axis with a name may have any length. */
export function valueInfo(name: string, type: number, shape: readonly (string | number)[]): Uint8Array {
  const axes = shape.map((n) => message(1, typeof n === 'number' ? integer(1, n) : text(2, n)));
  return join(text(1, name), message(2, message(1, integer(1, type), message(2, ...axes))));
}

function attribute(name: string, value: number | readonly number[]): Uint8Array {
  if (typeof value !== 'number')
    return join(text(1, name), ...value.map((n) => integer(8, n)), integer(20, attributeTypes.ints));
  return floats.has(name)
    ? join(text(1, name), float(2, value), integer(20, attributeTypes.float))
    : join(text(1, name), integer(3, value), integer(20, attributeTypes.int));
}
