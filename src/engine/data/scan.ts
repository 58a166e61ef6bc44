/** What a preparation of these sources would take, before anything is written. */
import type { SourceReport } from '../../shared/dataset.ts';
import { inspectText } from './readers/inspect.ts';
import { chooseSources } from './sources.ts';
import { tokenFileProblem } from './tokens.ts';

/** A report lists this many files and as many skipped ones; the counts are of all. */
const listed = 1000;

/**
 * Finds and looks at the sources. Only the first MiB of each file is read, so `invalidUtf8` counts what is
 * broken in it; a preparation's report counts all. Never throws for what a source is: it is in `skipped`.
 */
export async function scanSources(sources: string[]): Promise<SourceReport> {
  const found = await chooseSources(sources);
  const report = new ReportBuilder(found.skipped);
  for (const file of found.files) {
    try {
      const { invalidUtf8, reason } =
        file.format === 'tokens' ? { invalidUtf8: 0, reason: tokenFileProblem(file.bytes) } : await inspectText(file);
      if (reason === null) report.add({ name: file.name, bytes: file.bytes, format: file.format, invalidUtf8 });
      else report.skip(file.name, reason);
    } catch (error) {
      report.skip(file.name, (error as Error).message);
    }
  }
  return report.report;
}

export class ReportBuilder {
  readonly report: SourceReport;

  constructor(skipped: readonly { name: string; reason: string }[]) {
    this.report = { files: [], fileCount: 0, bytes: 0, skipped: [], skippedCount: 0 };
    for (const { name, reason } of skipped) this.skip(name, reason);
  }

  add(file: SourceReport['files'][number]): void {
    if (this.report.files.length < listed) this.report.files.push(file);
    this.report.fileCount++;
    this.report.bytes += file.bytes;
  }

  skip(name: string, reason: string): void {
    if (this.report.skipped.length < listed) this.report.skipped.push({ name, reason });
    this.report.skippedCount++;
  }
}
