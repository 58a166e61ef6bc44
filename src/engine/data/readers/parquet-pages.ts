/** A column of texts in a parquet file, page by page, so that a row group of any size takes the memory of a page. */
import zlib from 'node:zlib';
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readPlain } from 'hyparquet/src/plain.js';
import type { ColumnDecoder, Compressors, DataReader, PageHeader } from 'hyparquet/src/types.js';
import { compressors as portable } from 'hyparquet-compressors';
import { broken } from './bytes.ts';
import type { RandomAccess } from './random-access.ts';
import { mostAtOnce } from './random-access.ts';
import type { UnpackBudget } from './unpack.ts';

/** Values of a page: real ones have some thousands. */
const mostValues = 1 << 22;
/** A page's header holds statistics, which may quote a long text. */
const headerBytes = 1 << 14;
const longestHeader = 1 << 24;

/** zlib where it can: it is several times as fast, and stops at the length that it is told. */
const compressors: Compressors = {
  ...portable,
  GZIP: (input, length) => zlib.gunzipSync(input, { maxOutputLength: Math.max(length, 1) }),
  BROTLI: (input, length) => zlib.brotliDecompressSync(input, { maxOutputLength: Math.max(length, 1) }),
  ...(zlib.zstdDecompressSync === undefined
    ? {}
    : {
        ZSTD: (input: Uint8Array, length: number) =>
          zlib.zstdDecompressSync(input, { maxOutputLength: Math.max(length, 1) }),
      }),
};

export interface ColumnChunk {
  readonly start: number;
  readonly end: number;
  /** What decodes it; no element of its path is repeated. */
  readonly decoder: ColumnDecoder;
  /** Levels that are not required: the definition level of a value that is there. */
  readonly levels: number;
}

/** @returns for each row of the page its text, null where there is none; `bytes` of the file that it took */
export async function* textPages(
  access: RandomAccess,
  chunk: ColumnChunk,
  budget: UnpackBudget,
): AsyncGenerator<{ values: (Uint8Array | null)[]; bytes: number }> {
  let dictionary: readonly unknown[] | null = null;
  for (let at = chunk.start; at < chunk.end; ) {
    const { header, length } = await pageHeader(access, at, chunk.end);
    const { compressed_page_size: packed, uncompressed_page_size: plain } = header;
    if (packed < 0 || plain < 0 || at + length + packed > chunk.end) throw broken('a page of it lies about its size');
    if (plain > mostAtOnce) throw broken(`a page of it has ${plain} bytes; ${mostAtOnce >> 20} MiB at most are read`);
    budget.add(plain);
    const raw = await access.read(at + length, packed);
    at += length + packed;
    if (header.type === 'DICTIONARY_PAGE') {
      const count = header.dictionary_page_header?.num_values ?? -1;
      checkCount(count);
      const { type, element, codec } = chunk.decoder;
      const view = viewOf(decompressPage(raw, plain, codec, compressors));
      dictionary = [...readPlain({ view, offset: 0 }, type, count, element.type_length)];
    } else if (header.type === 'DATA_PAGE' || header.type === 'DATA_PAGE_V2') {
      const values = pageValues(chunk, header, raw, dictionary);
      let taken = 0;
      for (const value of values) taken += value?.length ?? 0;
      // A text in a dictionary may stand for any number of rows.
      if (taken > plain) budget.add(taken - plain);
      yield { values, bytes: length + packed };
    }
  }
}

async function pageHeader(access: RandomAccess, at: number, end: number) {
  for (let wanted = headerBytes; ; wanted *= 8) {
    const bytes = await access.read(at, Math.min(wanted, end - at));
    const reader: DataReader = { view: viewOf(bytes), offset: 0 };
    try {
      return { header: parquetHeader(reader), length: reader.offset };
    } catch (error) {
      if (bytes.length < wanted || wanted >= longestHeader) throw error;
    }
  }
}

function pageValues(
  { decoder, levels }: ColumnChunk,
  header: PageHeader,
  raw: Uint8Array,
  dictionary: readonly unknown[] | null,
): (Uint8Array | null)[] {
  const v2 = header.data_page_header_v2;
  const { num_values: count, encoding } = header.data_page_header ?? v2 ?? { num_values: -1, encoding: undefined };
  checkCount(count);
  const plain = { ...decoder, codec: 'UNCOMPRESSED' as const };
  let read: ReturnType<typeof readDataPage>;
  if (v2 === undefined) {
    const page = decompressPage(raw, header.uncompressed_page_size, decoder.codec, compressors);
    let at = 0;
    if (levels > 0) {
      const length = page.length < 4 ? 0 : viewOf(page).getUint32(0, true);
      at = 4 + length;
      checkRuns(page, 4, at, width(levels), count, true);
    }
    checkEncoding(page, at, encoding, count);
    read = readDataPage(page, header.data_page_header!, plain);
  } else {
    const { repetition_levels_byte_length: repetition, definition_levels_byte_length: definition } = v2;
    const start = repetition + definition;
    if (repetition < 0 || definition < 0 || start > raw.length || v2.num_nulls < 0 || v2.num_nulls > count)
      throw broken('a page of it lies about its levels');
    if (levels > 0) checkRuns(raw, repetition, start, width(levels), count, true);
    const packed = raw.subarray(start);
    const values =
      v2.is_compressed === false
        ? packed
        : decompressPage(packed, header.uncompressed_page_size - start, decoder.codec, compressors);
    checkEncoding(values, 0, encoding, count);
    const page = Buffer.concat([raw.subarray(0, start), values]);
    read = readDataPageV2(
      page,
      { ...header, uncompressed_page_size: page.length, data_page_header_v2: { ...v2, is_compressed: false } },
      plain,
    );
  }
  const { definitionLevels, dataPage } = read;
  const coded = encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY';
  let next = 0;
  const value = (): Uint8Array | null => {
    const own = coded ? dictionary?.[Number(dataPage[next++])] : dataPage[next++];
    return own instanceof Uint8Array ? own : null;
  };
  const defined = definitionLevels ?? [];
  return Array.from({ length: count }, (_, i) => (defined.length > 0 && defined[i] !== levels ? null : value()));
}

function checkCount(count: number): void {
  if (!(count >= 0 && count <= mostValues))
    throw broken(`a page of it has ${count} values; ${mostValues} at most are read`);
}

/** What a page would unpack to is not in its header for these encodings: it is bounded before it is decoded. */
function checkEncoding(page: Uint8Array, at: number, encoding: string | undefined, count: number): void {
  if (encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY') {
    if (at < page.length) checkRuns(page, at + 1, page.length, page[at], count, false);
  } else if (encoding === 'DELTA_BYTE_ARRAY') {
    const reader: DataReader = { view: viewOf(page), offset: at };
    let total = 0;
    for (const lengths of [new Int32Array(count), new Int32Array(count)]) {
      if (count > 0 && at < page.length) deltaBinaryUnpack(reader, count, lengths);
      for (const length of lengths) total += length;
    }
    if (total > mostAtOnce) throw broken(`a page of it has ${total} bytes; ${mostAtOnce >> 20} MiB at most are read`);
  } else if (encoding !== 'PLAIN' && encoding !== 'DELTA_LENGTH_BYTE_ARRAY')
    throw broken(`its encoding ${encoding} is not read`);
}

/** The decoder takes a run's length as it stands: it must not go far past what the page has. */
function checkRuns(page: Uint8Array, from: number, to: number, bits: number, count: number, whole: boolean): void {
  if (to > page.length) throw broken('a page of it ends early');
  let seen = 0;
  for (let at = from; at < to && seen < count; ) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= to || shift > 28) throw broken('a page of it has no possible run');
      const byte = page[at++];
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const length = header % 2 === 1 ? Math.floor(header / 2) * 8 : header / 2;
    at += header % 2 === 1 ? Math.floor(header / 2) * bits : Math.ceil(bits / 8);
    seen += length;
    if (length > count + 7) throw broken('a page of it has a run that is longer than the page');
  }
  if (whole && seen < count) throw broken('a page of it ends early');
}

const width = (level: number) => 32 - Math.clz32(level);
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
