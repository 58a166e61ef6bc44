/**
 * What every reader of a source format gives: the documents of one file, in an order that depends on its
 * content alone. A new format is a new reader and a line in `source-reader`.
 */
import type { SourceReport } from '../../../shared/dataset.ts';

export type SourceFormat = SourceReport['files'][number]['format'];

/** A file that was found in what the user gave. */
export interface FoundFile {
  /** Absolute, symbolic links resolved. */
  readonly path: string;
  /** Relative to the dropped item, with '/' on every system. */
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  /** What its name promises; a reader tells what its content is. */
  readonly format: SourceFormat;
}

export interface Chunk {
  /** Raw bytes of text. A view that the next chunk overwrites. */
  readonly bytes: Uint8Array;
  /** Where to go on after this chunk: `from` of a later call. */
  readonly end: number;
}

/** Where a window may be cut, or 0: `Encoder.safeCut`, or `lastBoundary` where only characters matter. */
export type Cut = (window: Uint8Array) => number;

/** Good until the next document of its file is asked for; its chunks can be read once. */
export interface SourceDocument {
  readonly file: FoundFile;
  /** A whole file, a file in an archive, or one of many records in a file. */
  readonly unit: 'file' | 'entry' | 'record';
  /** Where in the file, for reports: `a/b.txt`, `line 12`; empty for a whole file. */
  readonly place: string;
  /** Broken UTF-8 sequences that were replaced before the text was taken out of its record. */
  readonly repaired: number;
  /**
   * The text in chunks of bounded size. What a chunk holds depends on the content from `from` on and on
   * `cut` alone, never on timing. A byte-order mark is left out.
   * @throws UserError 'source-changed' when the file is gone, shorter, or was written to since it was found;
   *   'source-broken' when what it is packed in is broken
   */
  chunks(cut: Cut, from?: number): AsyncIterable<Chunk>;
}

/** Where a record's text lies, and which fields of the first records hold text; null where a record is a text itself. */
export type TextField = { readonly name: string; readonly guessed: boolean; readonly all: readonly string[] } | null;

/** What a reader has to say beside the documents. */
export interface ReadNotes {
  /** Bytes of the file itself that were read since the last call. */
  onBytes(bytes: number): void;
  /** What the file, or a file in it, turned out to be. */
  found(format: SourceFormat, textField: TextField): void;
  /** An archive's entry, or a record, that is no document. */
  leaveOut(unit: 'entry' | 'record', place: string, reason: string): void;
}

export interface Reader {
  /**
   * @throws UserError as `SourceDocument.chunks`, and 'no-text-field'; the documents that came before it are good,
   *   but for 'unpacks-too-far'
   */
  documents(file: FoundFile, notes: ReadNotes): AsyncIterable<SourceDocument>;
}
