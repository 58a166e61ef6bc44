/** The first pass of a preparation: every byte is checked and hashed before a token is written. */
import { createHash } from 'node:crypto';
import type { PrepareConfig } from '../../shared/dataset.ts';
import { UserError } from '../errors.ts';
import { TextCheck } from './readers/inspect.ts';
import type { FoundFile, Reader, SourceDocument } from './readers/reader.ts';
import type { ReportBuilder } from './scan.ts';
import { lastBoundary } from './utf8.ts';

export interface SurveyedDocument {
  readonly document: SourceDocument;
  /** SHA-256 of the text as valid UTF-8, hex. */
  readonly hash: string;
  /** Line feeds that the text ends with, at most 2. */
  readonly newlines: number;
}

/** Documents that are text, in order; what is none goes to the report with its reason. */
export async function surveyDocuments(
  files: readonly FoundFile[],
  reader: Reader,
  invalidUtf8: PrepareConfig['invalidUtf8'],
  report: ReportBuilder,
  hooks: { signal: AbortSignal; onBytes(bytes: number): void },
): Promise<SurveyedDocument[]> {
  const documents: SurveyedDocument[] = [];
  for (const file of files) {
    for await (const document of reader.documents(file)) {
      hooks.signal.throwIfAborted();
      const check = new TextCheck();
      const hash = createHash('sha256');
      let newlines = 0;
      let position = 0;
      try {
        for await (const chunk of document.chunks(lastBoundary)) {
          hooks.signal.throwIfAborted();
          const text = check.add(chunk.bytes);
          hash.update(text);
          newlines = trailingNewlines(text, newlines);
          hooks.onBytes(chunk.end - position);
          position = chunk.end;
          if (check.hopeless) break;
        }
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        report.skip(file.name, error.message);
        continue;
      }
      hooks.onBytes(file.bytes - position);
      const { name, bytes, format } = file;
      const reason =
        check.reason() ??
        (invalidUtf8 === 'skip' && check.invalid > 0 ? `${check.invalid} broken UTF-8 sequences` : null);
      if (reason === null) {
        report.add({ name, bytes, format, invalidUtf8: check.invalid });
        documents.push({ document, hash: hash.digest('hex'), newlines });
      } else report.skip(name, reason);
    }
  }
  return documents;
}

/** Line feeds at the end of a text that ended with `before` and goes on with `text`; at most 2. */
function trailingNewlines(text: Uint8Array, before: number): number {
  let count = 0;
  while (count < 2 && count < text.length && text[text.length - 1 - count] === 0x0a) count++;
  return count === text.length ? Math.min(count + before, 2) : count;
}
