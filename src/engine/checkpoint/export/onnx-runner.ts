/** For tests: reads ONNX files as onnx.proto describes them, and computes their operations in float64, as the standard says. */
import { normalCdf } from '../../backends/reference/kernels/gelu.ts';
import { fromHalf } from '../half.ts';

type Field = number | Buffer;
/** Fields of a message by number, each as often as it comes. */
export type Message = ReadonlyMap<number, readonly Field[]>;

export function readMessage(bytes: Buffer): Message {
  const fields = new Map<number, Field[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, value));
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, type] = [tag >>> 3, tag & 7];
    let value: Field;
    if (type === 0) value = varint();
    else {
      const length = type === 5 ? 4 : varint();
      value = bytes.subarray(at, at + length);
      if (value.length < length) throw new Error(`field ${field} passes the end`);
      at += length;
    }
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

export const texts = (message: Message, field: number): string[] =>
  (message.get(field) ?? []).map((value) => (value as Buffer).toString('utf8'));
export const messages = (message: Message, field: number): Message[] =>
  (message.get(field) ?? []).map((value) => readMessage(value as Buffer));
export const numbers = (message: Message, field: number): number[] => (message.get(field) ?? []) as number[];

export interface Values {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function initializers(graph: Message): Map<string, Values> {
  return new Map(
    messages(graph, 5).map((tensor) => {
      const bytes = Uint8Array.from((tensor.get(9)?.[0] as Buffer | undefined) ?? Buffer.alloc(0)).buffer;
      const [type] = numbers(tensor, 2);
      const data =
        type === 7
          ? Float64Array.from(new BigInt64Array(bytes), Number)
          : Float64Array.from(type === 10 ? fromHalf(new Uint16Array(bytes)) : new Float32Array(bytes));
      return [texts(tensor, 8)[0], { shape: numbers(tensor, 1), data }];
    }),
  );
}

const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const make = (shape: readonly number[], of: (index: readonly number[]) => number): Values => {
  const data = new Float64Array(count(shape));
  const index = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    data[i] = of(index);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return { shape, data };
};
/** The element at an index that may be longer and pass the length of axes of 1: broadcasting. */
const at = ({ shape, data }: Values, index: readonly number[]): number => {
  let place = 0;
  const skip = index.length - shape.length;
  for (let axis = 0; axis < shape.length; axis++)
    place = place * shape[axis] + (shape[axis] === 1 ? 0 : index[skip + axis]);
  return data[place];
};
const broadcast = (...shapes: (readonly number[])[]): number[] => {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    Math.max(...shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)),
  );
};
const map = (inputs: readonly Values[], f: (...values: number[]) => number): Values =>
  make(broadcast(...inputs.map(({ shape }) => shape)), (index) => f(...inputs.map((x) => at(x, index))));
const axisOf = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);
/** Rows along the last axis. */
const rows = (x: Values, f: (row: Float64Array) => void): Values => {
  const data = x.data.slice();
  const width = x.shape[x.shape.length - 1];
  for (let i = 0; i < data.length; i += width) f(data.subarray(i, i + width));
  return { shape: x.shape, data };
};
const mean = (row: Float64Array) => row.reduce((a, b) => a + b, 0) / row.length;

type Attributes = ReadonlyMap<string, Message>;
type Compute = (inputs: Values[], attributes: Attributes) => Values | Values[];
const whole = (attributes: Attributes, name: string) => numbers(attributes.get(name)!, 3)[0];

const operations: Readonly<Record<string, Compute>> = {
  Add: (x) => map(x, (a, b) => a + b),
  Sub: (x) => map(x, (a, b) => a - b),
  Mul: (x) => map(x, (a, b) => a * b),
  Div: (x) => map(x, (a, b) => a / b),
  Greater: (x) => map(x, (a, b) => Number(a > b)),
  Where: (x) => map(x, (c, a, b) => (c ? a : b)),
  Erf: (x) => map(x, (a) => 2 * normalCdf(a * Math.SQRT2) - 1),
  Tanh: (x) => map(x, Math.tanh),
  Sigmoid: (x) => map(x, (a) => 1 / (1 + Math.exp(-a))),
  Sqrt: (x) => map(x, Math.sqrt),
  Cast: ([x]) => x,
  Shape: ([x]) => ({ shape: [x.shape.length], data: Float64Array.from(x.shape) }),
  Range: ([from, to, by]) =>
    make([Math.ceil((to.data[0] - from.data[0]) / by.data[0])], ([i]) => from.data[0] + i * by.data[0]),
  Unsqueeze: ([x, axes]) => ({ shape: x.shape.toSpliced(axes.data[0], 0, 1), data: x.data }),
  Reshape: ([x, to]) => {
    const shape = [...to.data].map((n, axis) => (n === 0 ? x.shape[axis] : n));
    return { shape: shape.map((n) => (n < 0 ? x.data.length / -count(shape) : n)), data: x.data };
  },
  Expand: ([x, to]) => make(broadcast(x.shape, [...to.data]), (index) => at(x, index)),
  Transpose: ([x], attributes) => {
    const order = numbers(attributes.get('perm')!, 8);
    return make(
      order.map((axis) => x.shape[axis]),
      (index) =>
        at(
          x,
          x.shape.map((_, axis) => index[order.indexOf(axis)]),
        ),
    );
  },
  Gather: ([x, ids], attributes) => {
    if (whole(attributes, 'axis') !== 0) throw new Error('Gather along another axis than the first');
    const { length } = ids.shape;
    return make([...ids.shape, ...x.shape.slice(1)], (index) =>
      at(x, [at(ids, index.slice(0, length)), ...index.slice(length)]),
    );
  },
  Split: ([x, lengths], attributes) => {
    const axis = axisOf(whole(attributes, 'axis'), x.shape.length);
    let start = 0;
    return [...lengths.data].map((length) => {
      const from = start;
      start += length;
      return make(x.shape.with(axis, length), (index) => at(x, index.with(axis, index[axis] + from)));
    });
  },
  Concat: (parts, attributes) => {
    const axis = axisOf(whole(attributes, 'axis'), parts[0].shape.length);
    const shape = parts[0].shape.with(
      axis,
      parts.reduce((sum, part) => sum + part.shape[axis], 0),
    );
    return make(shape, (index) => {
      let place = index[axis];
      for (const part of parts) {
        if (place < part.shape[axis]) return at(part, index.with(axis, place));
        place -= part.shape[axis];
      }
      throw new Error('past the end');
    });
  },
  MatMul: ([a, b]) => {
    const inner = a.shape[a.shape.length - 1];
    const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), a.shape.at(-2)!, b.shape.at(-1)!];
    return make(shape, (index) => {
      const [outer, row, column] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += at(a, [...outer, row, k]) * at(b, [...outer, k, column]);
      return sum;
    });
  },
  Softmax: ([x]) =>
    rows(x, (row) => {
      const top = Math.max(...row);
      row.forEach((value, i) => {
        row[i] = Math.exp(value - top);
      });
      const total = row.reduce((a, b) => a + b, 0);
      row.forEach((value, i) => {
        row[i] = value / total;
      });
    }),
  LayerNormalization: ([x, weight, bias], attributes) => {
    const epsilon = (attributes.get('epsilon')!.get(2)![0] as Buffer).readFloatLE();
    return rows(x, (row) => {
      const mu = mean(row);
      const scale = 1 / Math.sqrt(mean(row.map((value) => (value - mu) ** 2)) + epsilon);
      row.forEach((value, i) => {
        row[i] = (value - mu) * scale * weight.data[i] + (bias?.data[i] ?? 0);
      });
    });
  },
  ReduceMean: ([x]) =>
    make([...x.shape.slice(0, -1), 1], (index) => {
      const width = x.shape.at(-1)!;
      let sum = 0;
      for (let i = 0; i < width; i++) sum += at(x, [...index.slice(0, -1), i]);
      return sum / width;
    }),
};

/** The graph's only output. */
export function runOnnx(graph: Message, inputs: ReadonlyMap<string, Values>): Values {
  const values = new Map([...initializers(graph), ...inputs]);
  for (const node of messages(graph, 1)) {
    const [operation] = texts(node, 4);
    const compute = operations[operation];
    if (!compute) throw new Error(`no plain operation: ${operation}`);
    const given = texts(node, 1).map((name) => {
      const value = values.get(name);
      if (!value) throw new Error(`${operation} reads ${name} before anything made it`);
      return value;
    });
    const attributes = new Map(messages(node, 5).map((attribute) => [texts(attribute, 1)[0], attribute]));
    const made = compute(given, attributes);
    texts(node, 2).forEach((name, i) => {
      values.set(name, Array.isArray(made) ? made[i] : made);
    });
  }
  return values.get(texts(messages(graph, 12)[0], 1)[0])!;
}
