/** What a file is, by its content and not only by its name. */
import { basename, extname } from 'node:path';
import { tokenFileName } from '../../../shared/dataset.ts';
import { repairUtf8 } from '../utf8.ts';
import type { SourceFormat } from './reader.ts';

/** More broken sequences than this share of the bytes, and a file is no text. */
const brokenShare = 0.1;

const formatNames = new Map<string, SourceFormat>([
  ['', 'text'],
  ['.txt', 'text'],
  ['.text', 'text'],
  ['.md', 'markdown'],
  ['.markdown', 'markdown'],
  ['.jsonl', 'jsonl'],
  ['.ndjson', 'jsonl'],
  ['.json', 'json'],
  ['.csv', 'csv'],
  ['.tsv', 'tsv'],
  ['.tar', 'archive'],
  ['.tgz', 'archive'],
  ['.tbz2', 'archive'],
  ['.zip', 'archive'],
  ['.parquet', 'parquet'],
  ['.parq', 'parquet'],
  ['.arrow', 'arrow'],
  ['.feather', 'arrow'],
  ['.ipc', 'arrow'],
  ['.txz', 'archive'],
]);
const compressionNames = new Set(['.gz', '.gzip', '.zst', '.zstd', '.xz', '.bz2']);
/** For messages: what is read. */
export const readFormats =
  '.txt, .md, .jsonl, .json, .csv, .tsv, .parquet and .arrow, plain or in .gz, .zst, .xz, .bz2, .tar and .zip';
/** Formats that are not read: their bytes may be text, but are no document. */
const structuredNames = new Set('.xml .html .htm .orc .avro .h5 .npy .safetensors .7z .rar .lz4 .br'.split(' '));

/** The name without the ending of one compression. */
export function unpackedName(name: string): string {
  const extension = extname(name);
  return compressionNames.has(extension.toLowerCase()) ? name.slice(0, -extension.length) : name;
}

/** The format that a name promises, or why a file of that name is not read. */
export function formatOfName(path: string, given: boolean): { format: SourceFormat } | { reason: string } {
  if (tokenFileName.test(basename(path))) return { format: 'tokens' };
  const extension = extname(unpackedName(path)).toLowerCase();
  const format = formatNames.get(extension);
  if (format !== undefined) return { format };
  // A file that the user points at is taken by its content, unless its name says that it is something else.
  if (given && extension !== '.bin' && !structuredNames.has(extension)) return { format: 'text' };
  return { reason: `${extension} files are not read; ${readFormats} are` };
}

/** Running counts over a document's bytes that decide whether it is text. */
export class TextCheck {
  bytes = 0;
  invalid = 0;
  #nul = -1;
  #first = '';

  /** Takes the next raw bytes; gives them back as valid UTF-8. */
  add(raw: Uint8Array): Uint8Array {
    if (this.bytes === 0) this.#first = utf16Name(raw);
    if (this.#nul < 0) {
      const at = raw.indexOf(0);
      if (at >= 0) this.#nul = this.bytes + at;
    }
    const repaired = repairUtf8(raw);
    this.bytes += raw.length;
    this.invalid += repaired.invalid;
    return repaired.bytes;
  }

  /** No text, whatever follows. */
  get hopeless(): boolean {
    return this.#nul >= 0 || this.#first !== '';
  }

  /** Why this is no text, or null. */
  reason(): string | null {
    if (this.bytes === 0) return 'it is empty';
    if (this.#first !== '') return `it is ${this.#first} text; convert it to UTF-8`;
    if (this.#nul >= 0) return `it is no text: byte ${this.#nul} is NUL`;
    if (this.invalid > this.bytes * brokenShare)
      return `it is no UTF-8 text: ${this.invalid} broken sequences in ${this.bytes} bytes`;
    return null;
  }
}

function utf16Name(raw: Uint8Array): string {
  const [a, b, c, d] = raw;
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 ? 'UTF-32 (little-endian)' : 'UTF-16 (little-endian)';
  if (a === 0xfe && b === 0xff) return 'UTF-16 (big-endian)';
  return a === 0 && b === 0 && c === 0xfe && d === 0xff ? 'UTF-32 (big-endian)' : '';
}
