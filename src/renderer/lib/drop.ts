/** What a drop holds: files with their names relative to it, folders searched to the bottom. */
import type { PrepareConfig, SourceReport } from '../../shared/dataset.ts';
import type { UploadFile } from '../door/upload.ts';

/** The parts of a dropped entry that are used; the browser's FileSystemEntry has them. */
export interface DropEntry {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly name: string;
  file?(resolve: (file: File) => void, reject: (error: unknown) => void): void;
  createReader?(): { readEntries(resolve: (entries: DropEntry[]) => void, reject: (error: unknown) => void): void };
}

/** Entries of a drop. Must be called before the drop's event handler first waits: the list is emptied then. */
export function entriesOf(data: DataTransfer): DropEntry[] {
  return Array.from(data.items)
    .filter((item) => item.kind === 'file')
    .map((item) => item.webkitGetAsEntry() as unknown as DropEntry | null)
    .filter((entry) => entry !== null);
}

/** All files below the entries, hidden ones left out. Folders are read in turns: a reader gives at most 100 at once. */
export async function filesBelow(entries: readonly DropEntry[], prefix = ''): Promise<UploadFile[]> {
  const found: UploadFile[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const name = prefix + entry.name;
    if (entry.isFile && entry.file) {
      const file = await new Promise<File>((resolve, reject) => entry.file?.(resolve, reject));
      found.push({ name, file });
    } else if (entry.isDirectory && entry.createReader) {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise<DropEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
        if (some.length === 0) break;
        found.push(...(await filesBelow(some, `${name}/`)));
      }
    }
  }
  return found;
}

/** Files of an input element; a chosen folder's files carry their path in it. */
export function filesOfInput(list: FileList): UploadFile[] {
  return Array.from(list, (file) => ({ name: file.webkitRelativePath || file.name, file })).filter(
    ({ name }) => !name.split('/').some((part) => part.startsWith('.')),
  );
}

/** A name for a dataset after what was dropped: the folder's, or the file's without its ending. */
export function suggestedName(sources: readonly string[], taken: readonly string[]): string {
  const last = sources[0]?.split(/[\\/]/).filter(Boolean).at(-1) ?? '';
  const plain = last
    .replace(/\.(gz|gzip|zst|zstd|xz|bz2)$/i, '')
    .replace(
      /\.(txt|md|markdown|jsonl|ndjson|json|csv|tsv|parquet|parq|arrow|feather|ipc|tar|tgz|txz|tbz2|zip|bin)$/i,
      '',
    )
    .replace(/[/\\:*?"<>|]/g, ' ')
    .replace(/^[.\s]+/, '')
    .trim();
  return freeName(plain.slice(0, 90) || 'dataset', taken);
}

/** The name, or the first of "name 2", "name 3" … that is not taken. */
export function freeName(name: string, taken: readonly string[]): string {
  if (!taken.includes(name)) return name;
  for (let n = 2; ; n++) if (!taken.includes(`${name} ${n}`)) return `${name} ${n}`;
}

const lastPart = (path: string): string => path.split(/[\\/]/).filter(Boolean).at(-1) ?? '';

/**
 * The whole path of a file that a scan reports by its name in what was given: the given file itself, or one in the
 * given folder. null where several folders could hold it.
 */
export function pathInSources(sources: readonly string[], names: readonly string[], name: string): string | null {
  const given = sources.find((source) => lastPart(source) === name);
  if (given !== undefined) return given;
  const known = new Set(names);
  const folders = sources.filter((source) => !known.has(lastPart(source)));
  if (folders.length !== 1) return null;
  const [folder] = folders;
  const separator = folder.includes('\\') && !folder.includes('/') ? '\\' : '/';
  return [folder.replace(/[\\/]+$/, ''), ...name.split('/')].join(separator);
}

/** How validation text is chosen until the user says otherwise: one long text can only be cut. */
export function usualSplit(report: SourceReport): PrepareConfig['split']['by'] {
  if (report.validation) return 'given';
  const [only] = report.files;
  const isOneText = only?.format === 'text' || only?.format === 'markdown' || only?.documents === 1;
  return report.fileCount === 1 && isOneText ? 'tail' : 'document';
}
