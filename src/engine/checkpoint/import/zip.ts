/**
 * The zip container of torch.save, read by range and as if an attacker wrote it.
 * Format: PKWARE APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 to 4.3.16 (ends)
 * and 4.5.3 (zip64). Sizes come from the central directory alone: torch.save leaves those of local headers zero.
 * Checksums are not compared, because torch.save can be told to write none.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { formatBytes } from '../../files.ts';
import { damagedTorch, quote } from './refused.ts';

const inflate = promisify(inflateRaw);

/** A central directory larger than this describes no checkpoint. */
const directoryLimit = 64 << 20;
/** torch.save compresses nothing; what another tool compressed is inflated whole, up to this. */
export const inflatedLimit = 64 << 20;
/** Deflate cannot do better than 1,032 : 1; a claim beyond that is a lie. */
const ratioLimit = 1032;

export interface ZipEntry {
  readonly name: string;
  /** Bytes after inflating. */
  readonly size: number;
  readonly stored: boolean;
  readonly packed: number;
  /** Of its local header. */
  readonly position: number;
  /** First byte that belongs to something else. */
  readonly end: number;
}

/** An open zip file: stored entries are read by range, deflated ones whole. */
export class ZipReader {
  readonly path: string;
  readonly entries: ReadonlyMap<string, ZipEntry>;
  readonly #handle: FileHandle;
  readonly #starts = new Map<string, number>();
  /** The entry inflated last; at most `inflatedLimit` bytes. */
  #inflated: { name: string; bytes: Uint8Array } | null = null;

  private constructor(path: string, handle: FileHandle, entries: ReadonlyMap<string, ZipEntry>) {
    this.path = path;
    this.#handle = handle;
    this.entries = entries;
  }

  /** @throws UserError 'file-damaged' for anything that the format, or this reader's limits, do not allow */
  static async open(path: string): Promise<ZipReader> {
    const handle = await open(path, 'r');
    try {
      return new ZipReader(path, handle, await readDirectory(handle, path));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** A whole entry. @throws UserError 'file-damaged' where it is missing or larger than `limit` bytes */
  async read(name: string, limit: number): Promise<Uint8Array> {
    const entry = this.#entry(name);
    if (entry.size > limit)
      throw damagedTorch(
        this.path,
        `its entry ${quote(name)} claims ${formatBytes(entry.size)}, more than the ${formatBytes(limit)} allowed`,
      );
    return this.range(name, 0, entry.size);
  }

  /** Bytes [start, start + count) of an entry, in memory of their own. */
  async range(name: string, start: number, count: number): Promise<Uint8Array> {
    const entry = this.#entry(name);
    if (start < 0 || count < 0 || start + count > entry.size)
      throw damagedTorch(this.path, `entry ${quote(name)} has ${entry.size} bytes, ${start + count} were asked for`);
    if (!entry.stored) return (await this.#inflate(entry)).slice(start, start + count);
    return readAt(this.#handle, this.path, (await this.#start(entry)) + start, count);
  }

  /** First byte of a stored entry in the file; null for one that is compressed. */
  async place(name: string): Promise<number | null> {
    const entry = this.#entry(name);
    return entry.stored ? this.#start(entry) : null;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #entry(name: string): ZipEntry {
    const entry = this.entries.get(name);
    if (!entry) throw damagedTorch(this.path, `it has no entry ${quote(name)}`);
    return entry;
  }

  /** First byte of the data. The local header must agree with the directory. */
  async #start(entry: ZipEntry): Promise<number> {
    const known = this.#starts.get(entry.name);
    if (known !== undefined) return known;
    const head = view(await readAt(this.#handle, this.path, entry.position, 30));
    const bad = (reason: string) => damagedTorch(this.path, `the header of entry ${quote(entry.name)} ${reason}`);
    if (head.getUint32(0, true) !== 0x04034b50) throw bad('is none');
    if ((head.getUint16(8, true) === 0) !== entry.stored) throw bad('disagrees with the directory');
    const nameLength = head.getUint16(26, true);
    const name = decode(await readAt(this.#handle, this.path, entry.position + 30, nameLength));
    if (name !== entry.name) throw bad(`calls it ${quote(name)}`);
    const start = entry.position + 30 + nameLength + head.getUint16(28, true);
    if (start + entry.packed > entry.end) throw bad('lets it overlap what follows');
    this.#starts.set(entry.name, start);
    return start;
  }

  async #inflate(entry: ZipEntry): Promise<Uint8Array> {
    if (this.#inflated?.name === entry.name) return this.#inflated.bytes;
    this.#inflated = null;
    const packed = await readAt(this.#handle, this.path, await this.#start(entry), entry.packed);
    const bytes = await inflate(packed, { maxOutputLength: Math.max(entry.size, 1) }).catch(() => null);
    if (bytes?.length !== entry.size)
      throw damagedTorch(this.path, `entry ${quote(entry.name)} does not inflate to the ${entry.size} bytes it claims`);
    // Not a Buffer: its slice would share memory.
    const plain = new Uint8Array(bytes);
    this.#inflated = { name: entry.name, bytes: plain };
    return plain;
  }
}

/** Where the central directory lies, from the records at the end of the file. */
async function findDirectory(handle: FileHandle, path: string, size: number) {
  const tail = Math.min(size, 22 + 0xffff);
  const bytes = await readAt(handle, path, size - tail, tail);
  const data = view(bytes);
  let at = tail - 22;
  // The comment must end where the file does; the last record that fits counts.
  while (at >= 0 && (data.getUint32(at, true) !== 0x06054b50 || at + 22 + data.getUint16(at + 20, true) !== tail)) at--;
  if (at < 0) throw damagedTorch(path, 'it has no directory at its end (truncated, or no zip file)');
  const end = size - tail + at;
  const small = {
    disks: data.getUint16(at + 4, true) | data.getUint16(at + 6, true),
    count: data.getUint16(at + 10, true),
    bytes: data.getUint32(at + 12, true),
    position: data.getUint32(at + 16, true),
    end,
  };
  if (small.disks !== 0) throw damagedTorch(path, 'it is one part of several');
  if (at < 20 || data.getUint32(at - 20, true) !== 0x07064b50) return small;
  const position = long(data, at - 20 + 8, path);
  if (position > end - 20 - 56) throw damagedTorch(path, 'its zip64 record lies outside of it');
  const large = view(await readAt(handle, path, position, 56));
  if (large.getUint32(0, true) !== 0x06064b50) throw damagedTorch(path, 'its zip64 record is none');
  const found = { count: long(large, 32, path), bytes: long(large, 40, path), position: long(large, 48, path) };
  return { ...small, ...found, end: position };
}

async function readDirectory(handle: FileHandle, path: string): Promise<ReadonlyMap<string, ZipEntry>> {
  const { size } = await handle.stat();
  if (size < 22) throw damagedTorch(path, `it has ${size} bytes, too few for a zip file`);
  const directory = await findDirectory(handle, path, size);
  if (directory.bytes > directoryLimit)
    throw damagedTorch(path, `its directory claims ${formatBytes(directory.bytes)}`);
  if (directory.position + directory.bytes > directory.end)
    throw damagedTorch(path, 'its directory lies outside of it');
  const bytes = await readAt(handle, path, directory.position, directory.bytes);
  const found: Omit<ZipEntry, 'end'>[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { entry, next } = readEntry(path, bytes, at);
    found.push(entry);
    at = next;
  }
  if (found.length !== directory.count)
    throw damagedTorch(path, `its directory has ${found.length} entries and claims ${directory.count}`);
  return placed(path, found, directory.position);
}

function readEntry(path: string, bytes: Uint8Array, at: number): { entry: Omit<ZipEntry, 'end'>; next: number } {
  const data = view(bytes);
  if (at + 46 > bytes.length || data.getUint32(at, true) !== 0x02014b50)
    throw damagedTorch(path, 'its directory is cut off or damaged');
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => data.getUint16(at + offset, true));
  const next = at + 46 + nameLength + extraLength + commentLength;
  if (next > bytes.length) throw damagedTorch(path, 'its directory is cut off');
  const name = decode(bytes.subarray(at + 46, at + 46 + nameLength));
  const bad = (reason: string) => damagedTorch(path, `entry ${quote(name)} ${reason}`);
  if (data.getUint16(at + 8, true) & 1) throw bad('is encrypted');
  const method = data.getUint16(at + 10, true);
  if (method !== 0 && method !== 8) throw bad(`is compressed by method ${method}; only stored and deflate are read`);
  let [packed, size, position] = [20, 24, 42].map((offset) => data.getUint32(at + offset, true));
  // Zip64: the fields that do not fit in 32 bits stand in this order in extra field 1.
  if (size === 0xffffffff || packed === 0xffffffff || position === 0xffffffff) {
    const from = at + 46 + nameLength;
    const extra = extraField(bytes.subarray(from, from + extraLength));
    let offset = 0;
    const take = (value: number) => {
      if (value !== 0xffffffff) return value;
      if (!extra || offset + 8 > extra.byteLength) throw bad('lacks its zip64 sizes');
      offset += 8;
      return long(extra, offset - 8, path);
    };
    size = take(size);
    packed = take(packed);
    position = take(position);
  }
  if (method === 0 && packed !== size) throw bad(`is stored, but claims ${packed} bytes for ${size}`);
  if (method === 8 && size > inflatedLimit)
    throw bad(`is compressed and claims ${formatBytes(size)}; only ${formatBytes(inflatedLimit)} are inflated`);
  if (method === 8 && size > packed * ratioLimit) throw bad(`claims ${size} bytes from ${packed}: a zip bomb`);
  return { entry: { name, size, stored: method === 0, packed, position }, next };
}

/** Every entry ends before the next begins; the last before the directory. */
function placed(path: string, found: Omit<ZipEntry, 'end'>[], directory: number): ReadonlyMap<string, ZipEntry> {
  const entries = new Map<string, ZipEntry>();
  found.sort((a, b) => a.position - b.position);
  for (const [i, entry] of found.entries()) {
    const end = found[i + 1]?.position ?? directory;
    if (entry.position + 30 + entry.packed > end)
      throw damagedTorch(path, `entry ${quote(entry.name)} overlaps what follows it`);
    if (entries.has(entry.name)) throw damagedTorch(path, `it has two entries ${quote(entry.name)}`);
    entries.set(entry.name, { ...entry, end });
  }
  return entries;
}

/** Extra field 1 (zip64), null when there is none. */
function extraField(extra: Uint8Array): DataView | null {
  const data = view(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + data.getUint16(at + 2, true)) {
    const length = data.getUint16(at + 2, true);
    if (at + 4 + length > extra.length) return null;
    if (data.getUint16(at, true) === 1) return view(extra.subarray(at + 4, at + 4 + length));
  }
  return null;
}

async function readAt(handle: FileHandle, path: string, position: number, count: number): Promise<Uint8Array> {
  const target = new Uint8Array(count);
  let done = 0;
  while (done < count) {
    const { bytesRead } = await handle.read(target, done, count - done, position + done);
    if (bytesRead === 0) throw damagedTorch(path, `it ends at byte ${position + done}, inside its data`);
    done += bytesRead;
  }
  return target;
}

function long(data: DataView, at: number, path: string): number {
  const value = Number(data.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw damagedTorch(path, 'it claims sizes that no file has');
  return value;
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
