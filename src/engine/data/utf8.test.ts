import { describe, expect, it } from 'vitest';
import { lastBoundary, repairUtf8 } from './utf8.ts';

/** Bytes in which valid and broken sequences meet. */
function randomBytes(seed: number, length: number): Uint8Array {
  const common = [0x41, 0x20, 0x80, 0xbf, 0xc2, 0xc0, 0xe0, 0xa0, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f, 0xf5, 0xff, 0xe4];
  let state = (seed * 2654435761 + 1) >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return common[(state >>> 16) % common.length];
  });
}

describe('repairUtf8', () => {
  it('puts U+FFFD where the WHATWG decoder does, and counts it', () => {
    for (let seed = 0; seed < 2000; seed++) {
      const raw = randomBytes(seed, 24);
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(raw);
      const { bytes, invalid } = repairUtf8(raw);
      expect(Buffer.from(bytes).toString()).toBe(text);
      expect(invalid).toBe([...text].filter((c) => c === '\ufffd').length);
    }
  });

  it('gives the same in two parts cut at a boundary', () => {
    for (let seed = 0; seed < 2000; seed++) {
      const raw = randomBytes(seed, 24);
      const cut = lastBoundary(raw.subarray(0, 12));
      const parts = [raw.subarray(0, cut), raw.subarray(cut)].map(repairUtf8);
      expect(Buffer.concat(parts.map((part) => part.bytes))).toEqual(Buffer.from(repairUtf8(raw).bytes));
    }
  });

  it('leaves valid text alone, U+FFFD of its own included', () => {
    const raw = new TextEncoder().encode('\ufffd🙂');
    expect(repairUtf8(raw)).toEqual({ bytes: raw, invalid: 0 });
  });
});
