/** A JSON array, read as it streams: an element is a record. */
import { isUtf8 } from 'node:buffer';
import { JSONParser } from '@streamparser/json';
import { lastBoundary, repairUtf8, sequenceLength } from '../utf8.ts';
import { broken } from './bytes.ts';
import type { SourceRecord } from './records.ts';
import { recordLimit } from './records.ts';
import type { Leaf } from './source-reader.ts';
import { markLength } from './window.ts';

/** @throws UserError 'source-broken' where it is no JSON, and at an element of more than `recordLimit` */
export async function* jsonElements(leaf: Leaf): AsyncGenerator<SourceRecord> {
  const parser = new JSONParser({ paths: ['$.*'], keepStack: false });
  let given: SourceRecord[] = [];
  let number = 0;
  let repaired = 0;
  let since = 0;
  let failure: Error | null = null;
  parser.onValue = ({ value }) => {
    given.push({ place: `element ${++number}`, value, bytes: since, repaired });
    since = 0;
    repaired = 0;
  };
  parser.onError = (error) => {
    failure ??= error;
  };
  const write = (bytes: Uint8Array) => {
    if (failure !== null) return;
    since += bytes.length;
    try {
      parser.write(bytes);
    } catch (error) {
      failure ??= error as Error;
    }
  };
  /** Broken sequences count for the element that they are in: the one that comes next. */
  const feed = (bytes: Uint8Array) => {
    if (isUtf8(bytes)) return write(bytes);
    for (let at = 0; at < bytes.length; ) {
      const whole = stretch(bytes, at, true);
      write(bytes.subarray(at, whole));
      at = stretch(bytes, whole, false);
      const mended = repairUtf8(bytes.subarray(whole, at));
      repaired += mended.invalid;
      write(mended.bytes);
    }
  };
  const first = await leaf.bytes.peek(3);
  await leaf.bytes.skip(markLength(first));
  let rest: Uint8Array = new Uint8Array(0);
  for await (const part of leaf.bytes) {
    const bytes = rest.length === 0 ? part : Buffer.concat([rest, part]);
    const cut = lastBoundary(bytes);
    feed(bytes.subarray(0, cut));
    rest = bytes.subarray(cut);
    yield* given;
    given = [];
    if (failure !== null) break;
    if (since > recordLimit) throw broken(`element ${number + 1} is longer than ${recordLimit >> 20} MiB`);
  }
  feed(rest);
  yield* given;
  if (failure !== null) throw broken(`it is no JSON: ${(failure as Error).message.slice(0, 200)}`);
  if (!parser.isEnded) throw broken('it is no whole JSON: it ends early');
}

/** Where the run of valid (or broken) sequences that starts at `at` ends. */
function stretch(bytes: Uint8Array, at: number, valid: boolean): number {
  let end = at;
  while (end < bytes.length) {
    const length = sequenceLength(bytes, end, bytes.length);
    if (length > 0 !== valid) break;
    end += length || 1;
  }
  return end;
}
