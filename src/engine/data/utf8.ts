/** Text as bytes: where UTF-8 may be cut, and how broken UTF-8 is repaired and counted. */
import { isUtf8 } from 'node:buffer';

/** White space of one byte: tab, line feed, vertical tab, form feed, carriage return, space. */
export const isAsciiSpace = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/**
 * Length of the valid sequence that starts at `at`, or 0: overlong forms, surrogates, values past
 * U+10FFFF and sequences cut short by `end` are not valid (Unicode 17, table 3-7).
 */
export function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  return validPrefix(bytes, at, end) > 0 ? expectedLength(bytes[at]) : 0;
}

function expectedLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

/** The length when the sequence at `at` is whole and valid; else minus the length of its maximal valid part (at least 1). */
function validPrefix(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at];
  const length = expectedLength(lead);
  if (length === 0) return -1;
  for (let i = 1; i < length; i++) {
    if (at + i >= end) return -i;
    const byte = bytes[at + i];
    let low = 0x80;
    let high = 0xbf;
    if (i === 1) {
      if (lead === 0xe0) low = 0xa0;
      else if (lead === 0xed) high = 0x9f;
      else if (lead === 0xf0) low = 0x90;
      else if (lead === 0xf4) high = 0x8f;
    }
    if (byte < low || byte > high) return -i;
  }
  return length;
}

/** The code point of a valid sequence of `length` bytes. */
export function codePointAt(bytes: Uint8Array, at: number, length: number): number {
  const lead = bytes[at];
  if (length === 1) return lead;
  if (length === 2) return ((lead & 0x1f) << 6) | (bytes[at + 1] & 0x3f);
  if (length === 3) return ((lead & 0x0f) << 12) | ((bytes[at + 1] & 0x3f) << 6) | (bytes[at + 2] & 0x3f);
  return (
    ((lead & 0x07) << 18) | ((bytes[at + 1] & 0x3f) << 12) | ((bytes[at + 2] & 0x3f) << 6) | (bytes[at + 3] & 0x3f)
  );
}

/**
 * Where a window of a longer text may be cut without changing what a decoder makes of the two parts:
 * before its last byte that is no continuation byte. 0 when there is none past the start.
 */
export function lastBoundary(window: Uint8Array): number {
  let at = window.length - 1;
  while (at > 0 && (window[at] & 0xc0) === 0x80) at--;
  return Math.max(at, 0);
}

/**
 * Bytes that are valid UTF-8, with U+FFFD for each maximal broken part, as the WHATWG decoder and
 * Python's errors='replace' do it; `invalid` counts them. Valid input comes back as it is, not copied.
 */
export function repairUtf8(raw: Uint8Array): { bytes: Uint8Array; invalid: number } {
  if (isUtf8(raw)) return { bytes: raw, invalid: 0 };
  const bytes = new Uint8Array(raw.length * 3);
  let out = 0;
  let invalid = 0;
  for (let at = 0; at < raw.length; ) {
    const length = validPrefix(raw, at, raw.length);
    if (length > 0) {
      for (let i = 0; i < length; i++) bytes[out++] = raw[at + i];
      at += length;
    } else {
      bytes[out++] = 0xef;
      bytes[out++] = 0xbf;
      bytes[out++] = 0xbd;
      invalid++;
      at -= length;
    }
  }
  return { bytes: bytes.subarray(0, out), invalid };
}
