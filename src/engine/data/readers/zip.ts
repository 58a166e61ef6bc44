/** Zip archives, by their central directory: entries in its order, none of them written anywhere. */
import { crc32 } from 'node:zlib';
import type { Entry } from 'yauzl';
import { fromRandomAccessReaderPromise, getFileNameLowLevel, RandomAccessReader } from 'yauzl';
import { UserError } from '../../errors.ts';
import { Bytes, broken } from './bytes.ts';
import type { RandomAccess } from './random-access.ts';
import type { ArchiveEntry } from './source-reader.ts';
import type { UnpackBudget } from './unpack.ts';
import { unpack } from './unpack.ts';

const methods = new Map([
  [8, 'deflate'],
  [12, 'bzip2'],
  [93, 'zstd'],
  [95, 'xz'],
] as const);
const readAtOnce = 1 << 18;

/**
 * The size and the checksum of each entry are held against what it unpacks to.
 * @throws UserError 'source-broken' where the directory is broken; entries before that are good
 */
export async function* zipEntries(access: RandomAccess, budget: UnpackBudget): AsyncGenerator<ArchiveEntry> {
  try {
    const zip = await fromRandomAccessReaderPromise(new AccessReader(access), access.size, {
      decodeStrings: false,
      validateEntrySizes: false,
      autoClose: false,
    });
    for await (const entry of zip.eachEntry()) {
      const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
      if (name.endsWith('/')) continue;
      // What Unix wrote says what kind of file it is.
      const kind = entry.versionMadeBy >> 8 === 3 ? (entry.externalFileAttributes >>> 28) & 0xf : 0;
      const method = entry.compressionMethod;
      const named = methods.get(method as 8);
      if (kind !== 0 && kind !== 8) yield { name, bytes: null };
      else if (entry.isEncrypted())
        yield { name, bytes: null, reason: 'it is locked with a password; unpack it yourself' };
      else if (method !== 0 && named === undefined)
        yield { name, bytes: null, reason: `it is packed by method ${method}, which is not read; unpack it yourself` };
      else {
        const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
        const packed = new Bytes(range(access, fileDataStart, entry.compressedSize));
        const plain = named === undefined ? stored(packed, budget) : unpack(packed, named, budget);
        yield { name, bytes: new Bytes(checked(plain, entry)) };
      }
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw broken(`it is no whole zip archive: ${(error as Error).message.slice(0, 200)}`, error);
  }
}

async function* range(access: RandomAccess, start: number, length: number): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < length; done += readAtOnce)
    yield await access.read(start + done, Math.min(readAtOnce, length - done));
}

/** Entries may lie over one another. */
async function* stored(packed: Bytes, budget: UnpackBudget): AsyncGenerator<Uint8Array> {
  for await (const part of packed) {
    budget.add(part.length);
    yield part;
  }
}

async function* checked(plain: AsyncIterable<Uint8Array>, entry: Entry): AsyncGenerator<Uint8Array> {
  let size = 0;
  let sum = 0;
  for await (const part of plain) {
    size += part.length;
    sum = crc32(part, sum);
    if (size > entry.uncompressedSize) break;
    yield part;
  }
  if (size !== entry.uncompressedSize)
    throw broken(`it unpacks to another size than its ${entry.uncompressedSize} bytes`);
  if (sum !== entry.crc32) throw broken('it is damaged: its checksum is wrong');
}

class AccessReader extends RandomAccessReader {
  readonly #access: RandomAccess;

  constructor(access: RandomAccess) {
    super();
    this.#access = access;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#access.read(position, length).then(
      (bytes) => {
        buffer.set(bytes, offset);
        callback(null);
      },
      (error) => callback(error),
    );
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }
}
