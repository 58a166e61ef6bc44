/** The first pass of a preparation: every byte is checked and hashed before a token is written. */
import { createHash } from 'node:crypto';
import type { DocumentFilters, PrepareConfig, SourceReport } from '../../shared/dataset.ts';
import { UserError } from '../errors.ts';
import type { Corpus } from './corpus.ts';
import { FileProgress } from './corpus.ts';
import { Lengths } from './lengths.ts';
import { anyFilter, type FilterReason, Quality } from './quality.ts';
import { TextCheck } from './readers/inspect.ts';
import type { FoundFile, Reader, ReadNotes, SourceDocument, SourceFormat, TextField } from './readers/reader.ts';
import type { ReportBuilder } from './scan.ts';
import { lastBoundary } from './utf8.ts';

/** Puts documents that are text into the corpus, in order; what is none goes to the report with its reason. */
export async function surveyDocuments(
  files: readonly FoundFile[],
  reader: Reader,
  { invalidUtf8, filters }: Pick<PrepareConfig, 'invalidUtf8' | 'filters'>,
  into: { readonly corpus: Corpus; readonly report: ReportBuilder },
  hooks: { signal: AbortSignal; onBytes(bytes: number): void },
): Promise<void> {
  const { corpus, report } = into;
  const asked = anyFilter(filters) ? filters : null;
  for (const file of files) {
    hooks.signal.throwIfAborted();
    const progress = new FileProgress(file, hooks.onBytes);
    const tally = new FileTally(file, report, progress);
    const lengths = new Lengths();
    corpus.begin(file);
    try {
      for await (const document of reader.documents(file, tally)) {
        const { check, hash, newlines, failure, refused } = await examine(document, hooks.signal, { filters: asked });
        const invalid = check.invalid + document.repaired;
        const reason =
          failure ??
          check.reason() ??
          (invalidUtf8 === 'skip' && invalid > 0 ? `${invalid} broken UTF-8 sequences` : null);
        const isKept = reason === null && refused === null;
        corpus.add(isKept ? hash : null, newlines);
        if (reason === null && refused !== null) tally.filter(refused);
        else tally.document(document, reason, invalid);
        const { place } = document;
        if (isKept) lengths.add(check.bytes, () => (place === '' ? file.name : `${file.name}, ${place}`));
      }
      report.lengths.merge(lengths);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (error.code === 'unpacks-too-far') corpus.drop();
      else report.lengths.merge(lengths);
      tally.fail(error);
    }
    tally.finish();
    progress.finish();
  }
}

/** Characters of a document's beginning that a limited look keeps. */
const beginningLength = 200;

/**
 * Reads a document, or about its first `limit` bytes, and tells what it is; with a limit, also how it begins, and with
 * filters, which of them it does not pass.
 */
export async function examine(
  document: SourceDocument,
  signal: AbortSignal,
  { limit = Number.POSITIVE_INFINITY, filters = null }: { limit?: number; filters?: DocumentFilters | null },
) {
  const check = new TextCheck();
  const quality = filters === null ? null : new Quality();
  const hash = createHash('sha256');
  let newlines = 0;
  let beginning = '';
  let failure: string | null = null;
  try {
    for await (const chunk of document.chunks(lastBoundary)) {
      signal.throwIfAborted();
      const text = check.add(chunk.bytes);
      hash.update(text);
      quality?.add(text);
      newlines = trailingNewlines(text, newlines);
      if (beginning === '' && limit < Number.POSITIVE_INFINITY) beginning = beginningOf(text);
      if (check.hopeless || check.bytes >= limit) break;
    }
  } catch (error) {
    if (!(error instanceof UserError) || error.code === 'unpacks-too-far') throw error;
    failure = error.message;
  }
  signal.throwIfAborted();
  const refused = filters === null ? null : (quality?.refusedBy(filters) ?? null);
  return { check, hash: hash.digest(), newlines, beginning, failure, refused };
}

function beginningOf(text: Uint8Array): string {
  // Four bytes a character at most; a character that is cut is not among the first ones.
  const decoded = new TextDecoder().decode(text.subarray(0, 4 * beginningLength));
  return Array.from(decoded).slice(0, beginningLength).join('');
}

const fieldsListed = 100;

/** What a file gave, for the report: one line for it, and one for each entry that is left out. */
export class FileTally implements ReadNotes {
  readonly #file: FoundFile;
  readonly #report: ReportBuilder;
  readonly #progress: FileProgress;
  readonly #formats = new Set<SourceFormat>();
  readonly #fields = new Map<string, NonNullable<TextField>>();
  readonly #beginnings: string[] = [];
  #documents = 0;
  #invalid = 0;
  #left = { count: 0, first: '' };
  readonly #filtered = new Map<FilterReason, number>();
  #failure: UserError | null = null;
  #reported = false;
  /** Not all documents were read. */
  sampled = false;

  constructor(file: FoundFile, report: ReportBuilder, progress: FileProgress) {
    this.#file = file;
    this.#report = report;
    this.#progress = progress;
  }

  onBytes(bytes: number): void {
    this.#progress.add(bytes);
  }

  found(format: SourceFormat, textField: TextField): void {
    this.#formats.add(format);
    // Files of an archive may differ; a report names a few.
    if (textField !== null && this.#fields.size < 5) this.#fields.set(textField.name, textField);
  }

  leaveOut(unit: SourceDocument['unit'], place: string, reason: string): void {
    const { name } = this.#file;
    if (unit === 'record') {
      if (this.#left.count++ === 0) this.#left.first = `${place}: ${reason}`;
      return;
    }
    this.#report.skip(unit === 'entry' ? `${name}: ${place}` : name, reason);
    this.#reported = true;
  }

  /** A document that was read; with a reason, it is left out. */
  document({ unit, place }: SourceDocument, reason: string | null, invalid: number): void {
    if (reason === null) {
      this.#documents++;
      this.#invalid += invalid;
    } else this.leaveOut(unit, place, reason);
  }

  /** A document that a filter left out. */
  filter(reason: FilterReason): void {
    this.#filtered.set(reason, (this.#filtered.get(reason) ?? 0) + 1);
  }

  /** How a document that was taken begins, for the report. */
  begins(text: string): void {
    this.#beginnings.push(text);
  }

  /** Nothing can be read after this. */
  fail(error: UserError): void {
    this.#failure = error;
    if (error.code !== 'unpacks-too-far') return;
    this.#documents = 0;
    this.#filtered.clear();
  }

  finish(): void {
    const { name, bytes, format } = this.#file;
    const { count, first } = this.#left;
    const notes = count === 0 ? [] : [`${count} ${count === 1 ? 'record' : 'records'} left out; the first, ${first}`];
    for (const [reason, documents] of this.#filtered) this.#report.filter(reason, documents);
    if (this.#documents === 0) {
      // A reason that is in the report already is not repeated.
      if (this.#failure !== null) this.#report.skip(name, this.#failure.message);
      else if (this.#filtered.size > 0) this.#report.skip(name, 'the filters leave nothing of it');
      else if (!this.#reported) this.#report.skip(name, notes[0] ?? 'it is empty');
      return;
    }
    if (this.#failure !== null)
      this.#report.skip(name, `what comes after document ${this.#documents}: ${this.#failure.message}`);
    const fields = [...this.#fields.values()];
    const line: SourceReport['files'][number] = {
      name,
      bytes,
      format: this.#formats.has('archive') ? 'archive' : this.#formats.size === 1 ? [...this.#formats][0] : format,
      invalidUtf8: this.#invalid,
    };
    if (line.format !== 'text' && line.format !== 'markdown' && !this.sampled) line.documents = this.#documents;
    if (fields.length > 0) {
      line.textField = fields.map((field) => field.name).join(', ');
      line.textFieldGuessed = fields.some((field) => field.guessed);
      line.textFields = [...new Set(fields.flatMap((field) => field.all))].slice(0, fieldsListed);
    }
    if (this.#beginnings.length > 0) line.beginnings = this.#beginnings;
    if (notes.length > 0) line.note = notes.join('; ');
    this.#report.add(line);
  }
}

/** Line feeds at the end of a text that ended with `before` and goes on with `text`; at most 2. */
function trailingNewlines(text: Uint8Array, before: number): number {
  let count = 0;
  while (count < 2 && count < text.length && text[text.length - 1 - count] === 0x0a) count++;
  return count === text.length ? Math.min(count + before, 2) : count;
}
