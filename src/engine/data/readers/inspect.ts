/** What a file is, by its content and not only by its name. */
import { open } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { lastBoundary, repairUtf8 } from '../utf8.ts';
import type { FoundFile } from './reader.ts';

/** Bytes that a scan looks at; preparation checks every byte. */
const scanned = 1 << 20;
/** More broken sequences than this share of the bytes, and a file is no text. */
const brokenShare = 0.1;

const textNames = new Set(['', '.txt', '.text', '.md', '.markdown']);
const markdownNames = new Set(['.md', '.markdown']);
/** Containers and structured formats: their bytes may be text, but are no document. */
const structuredNames = new Set(
  '.json .jsonl .ndjson .csv .tsv .xml .html .htm .parquet .arrow .feather .gz .zst .xz .bz2 .zip .tar .7z .rar'.split(
    ' ',
  ),
);

/** The format that a name promises, or why a file of that name is not read. */
export function formatOfName(path: string, given: boolean): { format: FoundFile['format'] } | { reason: string } {
  const extension = extname(path).toLowerCase();
  if (basename(path) === 'train.bin' || basename(path) === 'val.bin') return { format: 'tokens' };
  if (markdownNames.has(extension)) return { format: 'markdown' };
  // A file that the user points at is taken by its content, unless its name says that it is something else.
  if (textNames.has(extension) || (given && extension !== '.bin' && !structuredNames.has(extension)))
    return { format: 'text' };
  return { reason: `${extension} files are not read; .txt and .md are` };
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

/** Looks at the beginning of a text file: broken sequences in it, and why it is no text. */
export async function inspectText(file: FoundFile): Promise<{ invalidUtf8: number; reason: string | null }> {
  const handle = await open(file.path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(Math.min(scanned, file.bytes));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    let head: Uint8Array = buffer.subarray(0, bytesRead);
    if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) head = head.subarray(3);
    // The window may end inside a character, which is not broken for that.
    if (bytesRead < file.bytes) head = head.subarray(0, lastBoundary(head));
    const check = new TextCheck();
    check.add(head);
    return { invalidUtf8: check.invalid, reason: check.reason() };
  } finally {
    await handle.close();
  }
}
