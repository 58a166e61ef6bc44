/**
 * Answers with columns of numbers, as one binary message: u32 little-endian length of a JSON header, the header, then
 * the columns, each from the next multiple of eight bytes on, little-endian as every machine that this runs on is.
 * The header is the message with `output.columns` written as [name, kind, length] in the order of the bytes.
 */
import { type ColumnKind, type Numbers, numbers } from './column.ts';

const lengthBytes = 4;
const aligned = (at: number): number => Math.ceil(at / 8) * 8;

interface Message {
  readonly id?: number;
  readonly output?: unknown;
}

/** The message as one frame, or null where it holds no columns and is better off as text. */
export function encodeFrame(message: Message): Uint8Array<ArrayBuffer> | null {
  const output = message.output as { columns?: Record<string, Numbers> } | null | undefined;
  const columns = Object.entries(output?.columns ?? {});
  if (columns.length === 0 || !columns.every(([, values]) => ArrayBuffer.isView(values))) return null;
  const list = columns.map(([name, values]) => [name, values instanceof Float32Array ? 'f32' : 'f64', values.length]);
  const header = new TextEncoder().encode(JSON.stringify({ ...message, output: { ...output, columns: list } }));
  let size = lengthBytes + header.length;
  for (const [, values] of columns) size = aligned(size) + values.byteLength;
  const frame = new Uint8Array(size);
  new DataView(frame.buffer).setUint32(0, header.length, true);
  frame.set(header, lengthBytes);
  let at = lengthBytes + header.length;
  for (const [, values] of columns) {
    at = aligned(at);
    frame.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return frame;
}

/** The message of a frame; its columns lie in `frame` itself. @throws RangeError or SyntaxError on what is none */
export function decodeFrame(frame: ArrayBuffer): Message {
  const length = new DataView(frame).getUint32(0, true);
  const text = new TextDecoder().decode(new Uint8Array(frame, lengthBytes, length));
  const message = JSON.parse(text) as { output: { columns: [string, ColumnKind, number][] } };
  const columns: Record<string, Numbers> = {};
  let at = lengthBytes + length;
  for (const [name, kind, count] of message.output.columns) {
    at = aligned(at);
    const values =
      count === 0
        ? numbers(kind, 0)
        : kind === 'f32'
          ? new Float32Array(frame, at, count)
          : new Float64Array(frame, at, count);
    columns[name] = values;
    at += values.byteLength;
  }
  return { ...message, output: { ...message.output, columns } };
}
