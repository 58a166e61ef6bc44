/** What a preparation of these sources would take, before anything is written. */
import type { SourceReport } from '../../shared/dataset.ts';
import { UserError } from '../errors.ts';
import { FileProgress } from './corpus.ts';
import { Lengths } from './lengths.ts';
import type { FilterReason } from './quality.ts';
import type { FoundFile, Reader } from './readers/reader.ts';
import { sourceReader } from './readers/source-reader.ts';
import { chooseSources } from './sources.ts';
import { examine, FileTally } from './survey.ts';
import { tokenFileDamage } from './token-files.ts';

/** A report lists this many files and as many skipped ones; the counts are of all. */
const listed = 1000;
/** What a scan reads of a file: documents, and bytes of text. */
const sampled = { documents: 64, bytes: 1 << 20 };
/** Of the first files of a format, how their first documents begin is shown. */
const filesWithBeginnings = 20;
const beginningsPerFile = 3;

/**
 * Finds and looks at the sources; `textField` as in a preparation. Only the first documents of each file are read, about a MiB, so `invalidUtf8`
 * counts what is broken in those; a preparation's report counts all. Never throws for what a source is: it is in
 * `skipped`.
 */
export async function scanSources(sources: string[], textField: string | null = null): Promise<SourceReport> {
  const found = await chooseSources(sources);
  const report = new ReportBuilder(found.skipped);
  const reader = sourceReader(textField);
  for (const file of [...found.files, ...found.validation]) {
    const { name, bytes, format } = file;
    if (format !== 'tokens') await sample(file, reader, report);
    else {
      const damage = await tokenFileDamage(file.path);
      if (damage === null) report.add({ name, bytes, format, invalidUtf8: 0 });
      else report.skip(name, damage);
    }
  }
  if (found.validation.length > 0) report.report.validation = true;
  return report.report;
}

async function sample(file: FoundFile, reader: Reader, report: ReportBuilder): Promise<void> {
  const tally = new FileTally(file, report, new FileProgress(file, () => {}));
  const never = new AbortController().signal;
  let { documents, bytes } = sampled;
  const alike = report.report.formats.find(({ format }) => format === file.format)?.files ?? 0;
  let shown = alike < filesWithBeginnings ? beginningsPerFile : 0;
  try {
    for await (const document of reader.documents(file, tally)) {
      const { check, beginning, failure } = await examine(document, never, { limit: bytes });
      const reason = failure ?? check.reason();
      tally.document(document, reason, check.invalid + document.repaired);
      if (reason === null && shown > 0) {
        tally.begins(beginning);
        shown--;
      }
      documents--;
      bytes -= check.bytes;
      if (documents > 0 && bytes > 0) continue;
      tally.sampled = true;
      break;
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    tally.fail(error);
  }
  tally.finish();
}

export class ReportBuilder {
  readonly report: SourceReport & { formats: NonNullable<SourceReport['formats']> };
  readonly lengths = new Lengths();

  constructor(skipped: readonly { name: string; reason: string }[]) {
    this.report = { files: [], fileCount: 0, bytes: 0, formats: [], skipped: [], skippedCount: 0 };
    for (const { name, reason } of skipped) this.skip(name, reason);
  }

  add(file: SourceReport['files'][number]): void {
    if (this.report.files.length < listed) this.report.files.push(file);
    const { formats } = this.report;
    const same = formats.find(({ format }) => format === file.format);
    if (same === undefined) formats.push({ format: file.format, files: 1, bytes: file.bytes });
    else {
      same.files++;
      same.bytes += file.bytes;
    }
    this.report.fileCount++;
    this.report.bytes += file.bytes;
  }

  /** Documents that a filter left out. */
  filter(reason: FilterReason, documents: number): void {
    const { filtered } = this.report;
    this.report.filtered = { ...filtered, [reason]: (filtered?.[reason] ?? 0) + documents };
  }

  skip(name: string, reason: string): void {
    if (this.report.skipped.length < listed) this.report.skipped.push({ name, reason });
    this.report.skippedCount++;
  }
}
