/** JSON Lines: a line is a record. */
import { repairUtf8 } from '../utf8.ts';
import type { Bytes } from './bytes.ts';
import type { SourceRecord } from './records.ts';
import { leaveOutRecord, recordLimit } from './records.ts';
import type { Leaf } from './source-reader.ts';
import { markLength } from './window.ts';

/** Lines that are no JSON, or longer than `recordLimit`, are left out and said. */
export async function* jsonLines(leaf: Leaf): AsyncGenerator<SourceRecord> {
  for await (const { number, line } of lines(leaf.bytes)) {
    const place = `line ${number}`;
    if (line === null) {
      leaveOutRecord(leaf, place, `it is longer than ${recordLimit >> 20} MiB`);
      continue;
    }
    const { bytes, invalid } = repairUtf8(number === 1 ? line.subarray(markLength(line)) : line);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
    if (text.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      leaveOutRecord(leaf, place, 'it is no JSON');
      continue;
    }
    yield { place, value, bytes: line.length, repaired: invalid };
  }
}

/** Lines without their line feed, from 1; null for one that is too long to be held. */
async function* lines(bytes: Bytes): AsyncGenerator<{ number: number; line: Uint8Array | null }> {
  let number = 1;
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = () => {
    const line = length > recordLimit ? null : parts.length === 1 ? parts[0] : Buffer.concat(parts);
    parts = [];
    length = 0;
    return { number: number++, line };
  };
  const add = (part: Uint8Array) => {
    length += part.length;
    if (length <= recordLimit) parts.push(part);
    else parts = [];
  };
  for await (const part of bytes) {
    let from = 0;
    for (let at = part.indexOf(0x0a); at >= 0; at = part.indexOf(0x0a, from)) {
      add(part.subarray(from, at));
      from = at + 1;
      yield take();
    }
    if (from < part.length) add(part.subarray(from));
  }
  if (length > 0) yield take();
}
