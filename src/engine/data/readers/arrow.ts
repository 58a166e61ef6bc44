/** Arrow's record batches, in a file or a stream, one batch at a time: Feather, and what `datasets` saves. */
import zlib from 'node:zlib';
import type { Data, Field, RecordBatch } from 'apache-arrow';
import { CompressionType, compressionRegistry, DataType, Message, RecordBatchReader, Vector } from 'apache-arrow';
import { decompressFrame } from 'lz4js';
import { UserError } from '../../errors.ts';
import { checkMetadata } from './arrow-metadata.ts';
import type { Bytes } from './bytes.ts';
import { broken } from './bytes.ts';
import { arrowFileMagic as fileMagic, startsWith } from './magic.ts';
import { mostAtOnce } from './random-access.ts';
import type { SourceDocument, TextField } from './reader.ts';
import type { SourceRecord } from './records.ts';
import { chooseField, documentOf, leaveOutRecord, lookedAt, recordLimit } from './records.ts';
import type { Leaf } from './source-reader.ts';
import type { UnpackBudget } from './unpack.ts';

/**
 * A row is a record. Columns of text are those of strings and of bytes, plain or in a dictionary, at the top or in
 * structs.
 * @throws UserError 'source-broken', 'no-text-field'
 */
export async function* arrowDocuments(leaf: Leaf): AsyncGenerator<SourceDocument> {
  let reader: RecordBatchReader | null = null;
  try {
    reader = await RecordBatchReader.from(messages(leaf.bytes, leaf.budget));
    let field: TextField | undefined;
    let row = 0;
    for await (const batch of reader) {
      if (field === undefined) {
        const records = preview(batch);
        if (batch.numRows === 0) continue;
        field = chooseField(records, leaf.textField);
        leaf.notes.found('arrow', field);
      }
      if (field === null) return;
      const name = field.name;
      const column = columnsOf(batch).find((own) => own.name === name);
      const text = column?.text ?? (() => null);
      if (batch.numRows > (column?.rows ?? 0)) throw broken('a batch of it lies about its rows');
      for (let i = 0; i < batch.numRows; i++) {
        const bytes = text(i);
        leaf.budget.add(bytes?.length ?? 0);
        const place = `row ${++row}`;
        if (bytes !== null && bytes.length > recordLimit)
          leaveOutRecord(leaf, place, `it is longer than ${recordLimit >> 20} MiB`);
        else
          yield* documentOf({ place, value: { [name]: bytes }, bytes: bytes?.length ?? 0, repaired: 0 }, field, leaf);
      }
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw broken(`it is no whole Arrow file: ${(error as Error).message.slice(0, 200)}`, error);
  } finally {
    await reader?.cancel();
  }
}

/** The first rows, with columns that hold no text as well, so that they can be named. */
function preview(batch: RecordBatch): SourceRecord[] {
  const columns = columnsOf(batch);
  return Array.from({ length: Math.min(batch.numRows, lookedAt) }, (_, i) => ({
    place: `row ${i + 1}`,
    value: Object.fromEntries(columns.map(({ name, text }) => [name, text?.(i) ?? null])),
    bytes: 0,
    repaired: 0,
  }));
}

interface Column {
  readonly name: string;
  /** Rows that its buffers have room for. */
  readonly rows: number;
  /** The text of a row, or null; null for a column of something else. */
  readonly text: ((row: number) => Uint8Array | null) | null;
}

function columnsOf(batch: RecordBatch): Column[] {
  const columns: Column[] = [];
  const walk = (
    fields: readonly Field[],
    children: readonly Data[],
    above: string,
    valid: (row: number) => boolean,
  ) => {
    for (const [i, { name, type }] of fields.entries()) {
      const data = children[i];
      const path = above + name;
      const there = (row: number) => valid(row) && data.getValid(row);
      if (DataType.isStruct(type)) walk(type.children, data.children, `${path}.`, there);
      else {
        const read = textOf(data);
        const rows = data.valueOffsets === undefined ? (data.values?.length ?? 0) : data.valueOffsets.length - 1;
        columns.push({ name: path, rows, text: read === null ? null : (row) => (there(row) ? read(row) : null) });
      }
    }
  };
  walk(batch.schema.fields, batch.data.children, '', () => true);
  return columns;
}

/** Raw bytes, so that what is broken in them is counted where it is. */
function textOf(data: Data): ((row: number) => Uint8Array | null) | null {
  const { type } = data;
  if (DataType.isUtf8(type) || DataType.isBinary(type) || DataType.isLargeUtf8(type) || DataType.isLargeBinary(type)) {
    const offsets: ArrayLike<number | bigint> = data.valueOffsets;
    return (row) => {
      const [from, to] = [Number(offsets[row] ?? -1), Number(offsets[row + 1] ?? -1)];
      if (!(from >= 0 && from <= to && to <= data.values.length))
        throw broken(`row ${row + 1} of a batch lies about its text`);
      return data.values.subarray(from, to);
    };
  }
  if (DataType.isUtf8View(type) || DataType.isBinaryView(type)) return valuesOf(new Vector([data]));
  if (DataType.isDictionary(type) && data.dictionary !== undefined) {
    const { dictionary } = data;
    if (textOf(dictionary.data[0]) === null) return null;
    const value = valuesOf(dictionary);
    return (row) => value(Number(data.values[row]));
  }
  return null;
}

function valuesOf(vector: Vector): (row: number) => Uint8Array | null {
  return (row) => {
    const value: unknown = vector.get(row);
    return typeof value === 'string' ? Buffer.from(value) : value instanceof Uint8Array ? value : null;
  };
}

/** What comes in Arrow's messages, each whole and of a size that was checked, without what a file has around them. */
async function* messages(bytes: Bytes, budget: UnpackBudget): AsyncGenerator<Uint8Array> {
  const head = await bytes.peek(8);
  if (startsWith(head, 'FEA1'))
    throw broken('it is a Feather file of the first version, from before 2020; write it again with pyarrow');
  const file = startsWith(head, fileMagic);
  if (file) await bytes.skip(8);
  for (let first = true; ; first = false) {
    const prefix = await bytes.read(8);
    if (prefix.length === 0 && !file && !first) return;
    if (prefix.length < 8) throw broken('it ends early');
    const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
    if (view.getInt32(0, true) !== -1)
      throw broken('it is of Arrow before 0.15, or damaged; write it again with pyarrow');
    const length = view.getInt32(4, true);
    if (length === 0) break;
    if (length < 0 || length > mostAtOnce) throw broken(`a message of it has ${length} bytes of metadata`);
    const metadata = await exactly(bytes, length);
    checkMetadata(metadata);
    const message = Message.decode(metadata);
    if (message.isSchema() !== first) throw broken('its schema is not where it must be');
    const { bodyLength } = message;
    if (!(bodyLength >= 0 && bodyLength <= mostAtOnce))
      throw broken(`a batch of it has ${bodyLength} bytes; ${mostAtOnce >> 20} MiB at most are read`);
    const body = await exactly(bytes, bodyLength);
    checkUnpacked(message, body, budget);
    yield Buffer.concat([prefix, metadata]);
    if (bodyLength > 0) yield body;
  }
  // After its last message a file repeats where they are, and what it is packed in checks itself.
  let tail: Uint8Array = new Uint8Array(0);
  for await (const part of bytes) tail = Buffer.concat([tail, part.subarray(-6)]).subarray(-6);
  if (file && !startsWith(tail, fileMagic)) throw broken('it ends early');
}

async function exactly(bytes: Bytes, length: number): Promise<Uint8Array> {
  const read = await bytes.read(length);
  if (read.length < length) throw broken('it ends early');
  // Numbers in it are read in place, so it must begin where memory does.
  return read.byteOffset % 8 === 0 ? read : Uint8Array.from(read);
}

/** Packed buffers begin with the length that they unpack to, which the codecs below hold them to. */
function checkUnpacked(message: Message, body: Uint8Array, budget: UnpackBudget): void {
  if (message.isSchema()) return;
  const header = message.isDictionaryBatch()
    ? message.header().data
    : message.isRecordBatch()
      ? message.header()
      : null;
  if (header === null || header.compression === null) return;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let total = 0;
  for (const { offset, length } of header.buffers) {
    if (length === 0) continue;
    if (length < 8 || offset < 0 || offset + length > body.length) throw broken('a batch of it lies about its buffers');
    const plain = Number(view.getBigInt64(offset, true));
    if (plain < -1) throw broken('a batch of it lies about its buffers');
    total += plain === -1 ? length : plain;
    if (total > mostAtOnce) throw broken(`a batch of it unpacks to more than ${mostAtOnce >> 20} MiB`);
  }
  budget.add(total);
}

/** The length that a packed buffer says it unpacks to: it stands before the bytes that a codec is given. */
function plainLength(packed: Uint8Array): number {
  const length = Number(new DataView(packed.buffer, packed.byteOffset - 8, 8).getBigInt64(0, true));
  if (!(length >= 0 && length <= mostAtOnce)) throw broken('a batch of it lies about its buffers');
  return length;
}

function held(plain: Uint8Array, length: number): Uint8Array {
  if (plain.length !== length) throw broken('a buffer of it unpacks to another length than it says');
  return plain;
}

compressionRegistry.set(CompressionType.ZSTD, {
  decode(packed) {
    const length = plainLength(packed);
    if (zlib.zstdDecompressSync === undefined)
      throw broken(`zstd needs Node.js 22.15 or newer, and this is ${process.version}`);
    return held(zlib.zstdDecompressSync(packed, { maxOutputLength: Math.max(length, 1) }), length);
  },
});
compressionRegistry.set(CompressionType.LZ4_FRAME, {
  decode(packed) {
    const plain = new Uint8Array(plainLength(packed));
    const length = decompressFrame(packed, plain);
    return length === plain.length ? plain : held(new Uint8Array(0), plain.length);
  },
});
