/** As much of protobuf's wire format as ONNX needs (protobuf.dev, "Encoding"): varints, lengths, 32-bit floats. */

/** A whole number from 0 up to 2⁵³, seven bits a byte, the lowest first. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  while (left >= 128) {
    bytes.push((left % 128) | 128);
    left = Math.floor(left / 128);
  }
  bytes.push(left);
  return Uint8Array.from(bytes);
}

const wire = { varint: 0, length: 2, fixed32: 5 } as const;
const tag = (field: number, type: number) => varint(field * 8 + type);

/** A number: int32, int64, bool or enum. Negative ones take ten bytes of two's complement. */
export function integer(field: number, value: number): Uint8Array {
  if (value >= 0) return join(tag(field, wire.varint), varint(value));
  let left = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (left >= 128n) {
    bytes.push(Number(left & 127n) | 128);
    left >>= 7n;
  }
  bytes.push(Number(left));
  return join(tag(field, wire.varint), Uint8Array.from(bytes));
}

export function float(field: number, value: number): Uint8Array {
  return join(tag(field, wire.fixed32), new Uint8Array(Float32Array.of(value).buffer));
}

export function text(field: number, value: string): Uint8Array {
  return message(field, new TextEncoder().encode(value));
}

/** A message or bytes inside of another. */
export function message(field: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = join(...parts);
  return join(head(field, content.length), content);
}

/** What stands before the content of a message or of bytes that are written elsewhere. */
export function head(field: number, bytes: number): Uint8Array {
  return join(tag(field, wire.length), varint(bytes));
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
