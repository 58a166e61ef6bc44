/**
 * bzip2, block by block: libbzip2 in WebAssembly unpacks whole files only, so each block is handed to it as a file of
 * its own. Blocks begin at any bit, with a mark of 48 bits.
 */
import Bzip2 from '@foxglove/wasm-bz2';
import type { Bytes } from './bytes.ts';

/** The marks' halves of 24 bits: the digits of π before a block, those of √π at the end. */
const block = { high: 0x314159, low: 0x265359 };
const end = { high: 0x177245, low: 0x385090 };
const markBits = 48;
const crcBits = 32;
/** What a level's 100,000 bytes take packed at most, and what its runs of 4 to 259 equal bytes come to unpacked. */
const packedLimit = (level: number) => level * 130_000 + 20_000;
const plainLimit = (level: number) => level * 100_000 * 52;

let decoder: Bzip2 | null = null;

/** The library would decide what becomes of every error in this process that nobody catches: that is not its to do. */
async function loadDecoder(): Promise<Bzip2> {
  const events = ['uncaughtException', 'unhandledRejection'];
  const before = events.map((event) => new Set(process.rawListeners(event)));
  const loaded = await Bzip2.init();
  for (const [i, event] of events.entries())
    for (const listener of process.rawListeners(event))
      if (!before[i].has(listener)) process.off(event, listener as () => void);
  return loaded;
}

/** @throws Error that says what is wrong, after everything that came before; what `packed` fails with, as it is */
export async function* unpackBz2(packed: Bytes): AsyncGenerator<Uint8Array> {
  decoder ??= await loadDecoder();
  for (let first = true; first || (await packed.peek(1)).length > 0; first = false) {
    const head = Buffer.from(await packed.read(4)).toString('latin1');
    const level = /^BZh([1-9])$/.exec(head)?.[1];
    if (level === undefined) throw new Error('what follows it is no bzip2');
    yield* stream(packed, Number(level), decoder);
  }
}

async function* stream(packed: Bytes, level: number, decoder: Bzip2): AsyncGenerator<Uint8Array> {
  const bits = new BitBuffer();
  /** Takes more of the file in. */
  const more = async () => {
    const part = await packed.next();
    if (part === null) throw new Error('unexpected end of file');
    bits.append(part);
  };
  let sum = 0;
  while (bits.length < markBits) await more();
  for (;;) {
    const mark = { high: bits.read(0, 24), low: bits.read(24, 24) };
    while (bits.length < markBits + crcBits) await more();
    const crc = bits.read(markBits, crcBits);
    if (mark.high === end.high && mark.low === end.low) {
      if (crc !== sum) throw new Error('it is damaged: its checksum is wrong');
      packed.unread(bits.restAfter(markBits + crcBits));
      return;
    }
    if (mark.high !== block.high || mark.low !== block.low) throw new Error('it is damaged');
    let from = markBits + crcBits;
    let next = bits.findMark(from);
    while (next < 0) {
      if (bits.length > packedLimit(level) * 8) throw new Error('it is damaged: a block of it does not end');
      from = Math.max(from, bits.length - markBits + 1);
      await more();
      next = bits.findMark(from);
    }
    const file = bits.asFile(level, next, crc);
    sum = ((sum << 1) | (sum >>> 31)) >>> 0;
    sum = (sum ^ crc) >>> 0;
    yield unpackBlock(decoder, file, level);
    bits.drop(next);
  }
}

function unpackBlock(decoder: Bzip2, file: Uint8Array, level: number): Uint8Array {
  // Text comes to little more than a level's bytes; only long runs need the room that there may be.
  for (const room of [level * 100_000 + 100_000, plainLimit(level)])
    try {
      return decoder.decompress(file, room);
    } catch (error) {
      if (room === plainLimit(level) || !/OUTBUFF_FULL|-8/.test(String(error)))
        throw new Error(`it is damaged (${String((error as Error).message ?? error).slice(0, 100)})`, { cause: error });
    }
  throw new Error('it is damaged');
}

/** Bits, the highest of a byte first. */
class BitBuffer {
  #bytes = new Uint8Array(0);
  /** Bits of the first byte that are used up. */
  #offset = 0;

  get length(): number {
    return this.#bytes.length * 8 - this.#offset;
  }

  append(part: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, part]);
  }

  /** At most 32 bits, as a number. */
  read(at: number, count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.#bit(at + i);
    return value;
  }

  #bit(at: number): number {
    const place = this.#offset + at;
    return (this.#bytes[place >> 3] >> (7 - (place & 7))) & 1;
  }

  /** Where the next mark begins, from a place on; -1 where there is none. */
  findMark(from: number): number {
    const bytes = this.#bytes;
    let high = 0;
    let low = 0;
    const start = this.#offset + from;
    for (let place = start; place < bytes.length * 8; place++) {
      const bit = (bytes[place >> 3] >> (7 - (place & 7))) & 1;
      high = ((high << 1) | (low >>> 23)) & 0xffffff;
      low = ((low << 1) | bit) & 0xffffff;
      if (place - start < markBits - 1) continue;
      if ((high === block.high && low === block.low) || (high === end.high && low === end.low))
        return place - markBits + 1 - this.#offset;
    }
    return -1;
  }

  /** The first `count` bits, which are a block, between what a file begins and ends with. */
  asFile(level: number, count: number, crc: number): Uint8Array {
    const file = new Uint8Array(4 + Math.ceil((count + markBits + crcBits) / 8));
    file.set(Buffer.from(`BZh${level}`, 'latin1'));
    const shift = this.#offset;
    const whole = Math.ceil(count / 8);
    for (let i = 0; i < whole; i++)
      file[4 + i] = (this.#bytes[i] << shift) | ((this.#bytes[i + 1] ?? 0) >> (8 - shift));
    let at = 32 + count;
    if (count % 8 !== 0) file[at >> 3] &= 0xff << (8 - (count % 8));
    for (const [value, width] of [
      [end.high, 24],
      [end.low, 24],
      [crc, 32],
    ])
      for (let i = width - 1; i >= 0; i--, at++) file[at >> 3] |= ((value >>> i) & 1) << (7 - (at & 7));
    return file;
  }

  drop(count: number): void {
    const place = this.#offset + count;
    this.#bytes = this.#bytes.slice(place >> 3);
    this.#offset = place & 7;
  }

  /** The whole bytes after a place. */
  restAfter(count: number): Uint8Array {
    return this.#bytes.subarray((this.#offset + count + 7) >> 3);
  }
}
