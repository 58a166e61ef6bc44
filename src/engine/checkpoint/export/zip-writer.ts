/**
 * A zip file written entry by entry, uncompressed, as torch.save lays it out: data at multiples of 64 bytes, zip64
 * records at the end (PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16).
 */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

const alignment = 64;
const limit = 0xffffffff;

interface Written {
  readonly name: Buffer;
  readonly crc: number;
  readonly size: number;
  readonly position: number;
}

export class ZipWriter {
  readonly #handle: FileHandle;
  readonly #entries: Written[] = [];
  #position: number;

  /** @param position first byte in the file */
  constructor(handle: FileHandle, position = 0) {
    this.#handle = handle;
    this.#position = position;
  }

  /** Writes one entry of less than 4 GiB; each chunk is written before the next is asked for. */
  async add(name: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const encoded = Buffer.from(name);
    const position = this.#position;
    const bare = 30 + encoded.length + 4;
    const padding = (alignment - ((position + bare) % alignment)) % alignment;
    let size = 0;
    let crc = 0;
    for await (const chunk of chunks) {
      await this.#write(chunk, position + bare + padding + size);
      size += chunk.length;
      crc = crc32(chunk, crc);
    }
    if (size >= limit) throw new Error(`${name} has ${size} bytes, more than an entry may have`);
    const head = Buffer.alloc(bare + padding);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(20, 4);
    head.writeUInt32LE(crc, 14);
    head.writeUInt32LE(size, 18);
    head.writeUInt32LE(size, 22);
    head.writeUInt16LE(encoded.length, 26);
    head.writeUInt16LE(4 + padding, 28);
    encoded.copy(head, 30);
    // torch.save's own extra field for padding.
    head.write('FB', 30 + encoded.length, 'latin1');
    head.writeUInt16LE(padding, 32 + encoded.length);
    await this.#write(head, position);
    this.#entries.push({ name: encoded, crc, size, position });
    this.#position = position + head.length + size;
  }

  /** Writes the directory. Returns the size of the file. */
  async finish(): Promise<number> {
    const directory = Buffer.concat(this.#entries.map(central));
    const start = this.#position;
    const count = this.#entries.length;
    const end = Buffer.alloc(56 + 20 + 22);
    end.writeUInt32LE(0x06064b50, 0);
    end.writeBigUInt64LE(44n, 4);
    end.writeUInt16LE(45, 12);
    end.writeUInt16LE(45, 14);
    end.writeBigUInt64LE(BigInt(count), 24);
    end.writeBigUInt64LE(BigInt(count), 32);
    end.writeBigUInt64LE(BigInt(directory.length), 40);
    end.writeBigUInt64LE(BigInt(start), 48);
    end.writeUInt32LE(0x07064b50, 56);
    end.writeBigUInt64LE(BigInt(start + directory.length), 64);
    end.writeUInt32LE(1, 72);
    end.writeUInt32LE(0x06054b50, 76);
    end.writeUInt16LE(Math.min(count, 0xffff), 84);
    end.writeUInt16LE(Math.min(count, 0xffff), 86);
    end.writeUInt32LE(Math.min(directory.length, limit), 88);
    end.writeUInt32LE(Math.min(start, limit), 92);
    await this.#write(directory, start);
    await this.#write(end, start + directory.length);
    return start + directory.length + end.length;
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length)
      done += (await this.#handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

function central({ name, crc, size, position }: Written): Buffer {
  const far = position >= limit;
  const head = Buffer.alloc(46 + name.length + (far ? 12 : 0));
  head.writeUInt32LE(0x02014b50, 0);
  head.writeUInt16LE(far ? 45 : 20, 4);
  head.writeUInt16LE(far ? 45 : 20, 6);
  head.writeUInt32LE(crc, 16);
  head.writeUInt32LE(size, 20);
  head.writeUInt32LE(size, 24);
  head.writeUInt16LE(name.length, 28);
  head.writeUInt16LE(far ? 12 : 0, 30);
  head.writeUInt32LE(far ? limit : position, 42);
  name.copy(head, 46);
  if (far) {
    head.writeUInt16LE(1, 46 + name.length);
    head.writeUInt16LE(8, 48 + name.length);
    head.writeBigUInt64LE(BigInt(position), 50 + name.length);
  }
  return head;
}
