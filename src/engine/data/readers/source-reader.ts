/** Any source file: what it is packed in comes off layer by layer, and what is inside is read as what it is. */
import { UserError } from '../../errors.ts';
import { Bytes, broken, fileBytes } from './bytes.ts';
import { tableRows } from './csv.ts';
import { formatOfName, unpackedName } from './inspect.ts';
import { jsonElements } from './json.ts';
import { jsonLines } from './jsonl.ts';
import { isArrow, isParquet, isZip } from './magic.ts';
import type { RandomAccess } from './random-access.ts';
import { fileAccess, spooled } from './random-access.ts';
import type { FoundFile, Reader, ReadNotes, SourceDocument } from './reader.ts';
import { placeIn, recordDocuments } from './records.ts';
import { isTar, shownName, tarEntries, unsafeName } from './tar.ts';
import { textDocument } from './text.ts';
import { compressionOf, UnpackBudget, unpack } from './unpack.ts';
import type { TextWindow } from './window.ts';
import { streamChunks, textWindow } from './window.ts';

/** A stream in a file, at some level of packing. */
export interface Leaf {
  readonly file: FoundFile;
  readonly notes: ReadNotes;
  /** The field of a record that holds its text; null to guess. */
  readonly textField: string | null;
  readonly window: TextWindow;
  readonly budget: UnpackBudget;
  /** Name of what the stream holds, without the endings of the compressions that came off. */
  readonly name: string;
  /** Where in the file it lies: entries of archives, from the outermost; empty for the file itself. */
  readonly place: string;
  readonly bytes: Bytes;
  /** Layers that came off. */
  readonly depth: number;
}

export interface ArchiveEntry {
  readonly name: string;
  /** Good until the next entry is asked for; null for what is not read: a link, a device, or for a reason. */
  readonly bytes: Bytes | null;
  readonly reason?: string;
}

/** Bytes that tell what a stream is. */
const headBytes = 512;
const deepest = 8;

/** @param ratio how often its own size a file may unpack to */
export function sourceReader(textField: string | null, window: TextWindow = textWindow, ratio = 250): Reader {
  return {
    async *documents(file, notes) {
      const plain = file.format === 'text' || file.format === 'markdown';
      // A plain text counts its bytes when it is read again, by range.
      let counts = !plain;
      let uncounted = 0;
      const count = (read: number) => {
        if (counts) notes.onBytes(read);
        else uncounted += read;
      };
      const bytes = new Bytes(fileBytes(file, count));
      try {
        const head = await bytes.peek(headBytes);
        if (plain && !isPacked(head)) {
          await bytes.close();
          notes.found(file.format, null);
          yield textDocument(file, window, notes);
          return;
        }
        counts = true;
        notes.onBytes(uncounted);
        const budget = new UnpackBudget(file.name, file.bytes, ratio);
        yield* documentsIn({ file, notes, textField, window, budget, name: file.name, place: '', bytes, depth: 0 });
      } finally {
        await bytes.close();
      }
    },
  };
}

async function* documentsIn(leaf: Leaf): AsyncGenerator<SourceDocument> {
  const head = await leaf.bytes.peek(headBytes);
  const compression = compressionOf(head);
  if (compression !== null) {
    if (leaf.depth >= deepest) throw broken(`it is packed more than ${deepest} times over`);
    const bytes = new Bytes(unpack(leaf.bytes, compression, leaf.budget));
    try {
      yield* documentsIn({ ...leaf, bytes, name: unpackedName(leaf.name), depth: leaf.depth + 1 });
    } finally {
      await bytes.close();
    }
    return;
  }
  if (isTar(head) || isZip(head)) {
    if (leaf.depth >= deepest) throw broken(`it is packed more than ${deepest} times over`);
    leaf.notes.found('archive', null);
    if (isTar(head)) yield* entriesOf(leaf, tarEntries(leaf.bytes));
    else {
      const { zipEntries } = await import('./zip.ts');
      yield* withAccess(leaf, (access) => entriesOf(leaf, zipEntries(access, leaf.budget)));
    }
    return;
  }
  if (isParquet(head)) {
    const { parquetDocuments } = await import('./parquet.ts');
    yield* withAccess(leaf, parquetDocuments);
    return;
  }
  if (isArrow(head)) {
    const { arrowDocuments } = await import('./arrow.ts');
    yield* arrowDocuments(leaf);
    return;
  }
  const named = formatOfName(unpackedName(leaf.name), leaf.place === '');
  if ('reason' in named) throw broken(named.reason);
  const format = named.format === 'text' && looksLikeJsonLines(leaf, head) ? 'jsonl' : named.format;
  // What is one of these says so in its first bytes.
  if (format === 'archive' || format === 'parquet' || format === 'arrow')
    throw broken(`it is no ${format === 'archive' ? 'archive' : `${format} file`}, whatever its name says`);
  if (format === 'jsonl') yield* recordDocuments(jsonLines(leaf), format, leaf);
  // Files named .json often hold JSON Lines.
  else if (
    format === 'json' &&
    /^\s*\[/.test(
      Buffer.from(head)
        .toString()
        .replace(/^\ufeff/, ''),
    )
  )
    yield* recordDocuments(jsonElements(leaf), format, leaf);
  else if (format === 'json') yield* recordDocuments(jsonLines(leaf), 'jsonl', leaf);
  else if (format === 'csv') yield* recordDocuments(tableRows(leaf, ','), format, leaf);
  else if (format === 'tsv') yield* recordDocuments(tableRows(leaf, '\t'), format, leaf);
  else if (format === 'text' || format === 'markdown') yield* textIn(leaf, format);
  else throw broken('it is no file to be read out of a packed one');
}

/** Whether it is to be opened whatever its name says. */
const isPacked = (head: Uint8Array) =>
  compressionOf(head) !== null || isTar(head) || isZip(head) || isParquet(head) || isArrow(head);

/** For formats that are read here and there: the file itself, or a copy of what is packed in it. */
async function* withAccess(
  leaf: Leaf,
  read: (access: RandomAccess, leaf: Leaf) => AsyncGenerator<SourceDocument>,
): AsyncGenerator<SourceDocument> {
  const access = leaf.depth === 0 ? await fileAccess(leaf.file) : await spooled(leaf.bytes);
  try {
    yield* read(access, leaf);
  } finally {
    await access.close();
  }
}

/** An entry that cannot be read is said and passed over. Hidden ones are left out silently, as in folders. */
async function* entriesOf(leaf: Leaf, entries: AsyncIterable<ArchiveEntry>): AsyncGenerator<SourceDocument> {
  for await (const { name, bytes, reason } of entries) {
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    const place = placeIn(leaf.place, shownName(name));
    const unsafe = unsafeName(name);
    if (unsafe !== null || bytes === null) {
      leaf.notes.leaveOut('entry', place, unsafe ?? reason ?? 'it is a link or no regular file');
      continue;
    }
    if (parts.some((part) => part.startsWith('.'))) continue;
    try {
      yield* documentsIn({ ...leaf, name: parts.at(-1) ?? '', place, bytes, depth: leaf.depth + 1 });
    } catch (error) {
      if (!(error instanceof UserError) || error.code === 'unpacks-too-far' || error.code === 'source-changed')
        throw error;
      leaf.notes.leaveOut('entry', place, error.message);
    }
  }
}

/** A text in a stream. What its reader leaves of it is passed over, so that what comes after it is found. */
async function* textIn(leaf: Leaf, format: 'text' | 'markdown'): AsyncGenerator<SourceDocument> {
  const { file, place, bytes, window } = leaf;
  leaf.notes.found(format, null);
  const unit = place === '' ? 'file' : 'entry';
  yield { file, unit, place, repaired: 0, chunks: (cut, from = 0) => streamChunks(bytes, window, cut, from) };
}

/** Of a packed file whose name does not say what is inside: whether it begins with an object's first field. */
function looksLikeJsonLines(leaf: Leaf, head: Uint8Array): boolean {
  return leaf.depth > 0 && !leaf.name.includes('.') && /^\{\s*"[^"]*"\s*:/.test(Buffer.from(head).toString('latin1'));
}
