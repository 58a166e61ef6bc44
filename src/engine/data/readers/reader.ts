/**
 * What every reader of a source format gives: the documents of one file, each of which can be
 * streamed again and from the middle. A new format is a new reader and a line in `inspect`.
 */
import type { SourceReport } from '../../../shared/dataset.ts';

/** A file that was found in what the user gave. */
export interface FoundFile {
  /** Absolute, symbolic links resolved. */
  readonly path: string;
  /** Relative to the dropped item, with '/' on every system. */
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly format: SourceReport['files'][number]['format'];
}

export interface Chunk {
  /** Raw bytes of text. A view that the next chunk overwrites. */
  readonly bytes: Uint8Array;
  /** Where to go on after this chunk: `from` of a later call. */
  readonly end: number;
}

/** Where a window may be cut, or 0: `Encoder.safeCut`, or `lastBoundary` where only characters matter. */
export type Cut = (window: Uint8Array) => number;

export interface SourceDocument {
  readonly file: FoundFile;
  /**
   * The text in chunks of bounded size. What a chunk holds depends on the content from `from` on and on
   * `cut` alone, never on timing. A byte-order mark is left out.
   * @throws UserError 'source-changed' when the file is gone, shorter, or was written to since it was found
   */
  chunks(cut: Cut, from?: number): AsyncIterable<Chunk>;
}

export interface Reader {
  documents(file: FoundFile): AsyncIterable<SourceDocument>;
}
