/** Records with a text field: which field it is, and the documents they make. */
import { UserError } from '../../errors.ts';
import type { SourceDocument, SourceFormat, TextField } from './reader.ts';
import type { Leaf } from './source-reader.ts';
import { memoryChunks } from './window.ts';

/** A record that is longer is left out: it is held in memory whole, several times over. */
export const recordLimit = 16 << 20;
/** Records that are looked at, at most, before a field is guessed. */
export const lookedAt = 64;
const bytesLookedAt = 4 << 20;

export interface SourceRecord {
  /** `line 12`, `record 12`. */
  readonly place: string;
  /** A text, or an object of fields; text may be raw bytes. */
  readonly value: unknown;
  /** Its size, about. */
  readonly bytes: number;
  readonly repaired: number;
}

/** Names that a text field usually has, the surest first. */
const usualNames = ['text', 'content', 'document', 'body', 'article', 'raw_content', 'page_content'];

/**
 * The field that the user named, or the first usual name among the fields that hold text, or the field with the
 * most text. A choice of null fits records that are texts themselves.
 * @throws UserError 'no-text-field'
 */
export function chooseField(records: readonly SourceRecord[], wanted: string | null): TextField {
  const lengths = new Map<string, number>();
  const others = new Set<string>();
  let texts = 0;
  for (const { value } of records) {
    if (isText(value)) texts++;
    else if (isObject(value))
      for (const [name, field] of Object.entries(value))
        if (isText(field)) lengths.set(name, (lengths.get(name) ?? 0) + field.length);
        else others.add(name);
  }
  if (texts > 0 && lengths.size === 0) return null;
  const names = [...lengths.keys()];
  if (wanted !== null && records.some(({ value }) => isText(fieldOf(value, wanted))))
    return { name: wanted, guessed: false, all: names };
  if (names.length === 0 || wanted !== null) {
    const known = [...names, ...others].slice(0, 20).join(', ');
    const problem = wanted === null ? 'no field of it holds text' : `it has no text in a field "${wanted}"`;
    throw new UserError(
      'no-text-field',
      known === '' ? problem : `${problem}; its fields: ${known}`,
      'Name the field that holds the text.',
    );
  }
  const usual = usualNames.flatMap((name) => names.find((field) => field.toLowerCase() === name) ?? [])[0];
  const longest = names.reduce((best, name) => (lengths.get(name)! > lengths.get(best)! ? name : best));
  return { name: usual ?? longest, guessed: true, all: names };
}

/** Each record as a document. The first few are held until the field is chosen. */
export async function* recordDocuments(
  records: AsyncGenerator<SourceRecord>,
  format: SourceFormat,
  leaf: Leaf,
): AsyncGenerator<SourceDocument> {
  try {
    const first: SourceRecord[] = [];
    let failure: unknown = null;
    let done = false;
    for (let bytes = 0; first.length < lookedAt && bytes < bytesLookedAt && !done; ) {
      try {
        const next = await records.next();
        if (next.done) done = true;
        else {
          first.push(next.value);
          bytes += next.value.bytes;
        }
      } catch (error) {
        failure = error;
        done = true;
      }
    }
    const field = first.length === 0 ? null : chooseField(first, leaf.textField);
    leaf.notes.found(format, field);
    for (const record of first) yield* documentOf(record, field, leaf);
    if (failure !== null) throw failure;
    while (!done) {
      const next = await records.next();
      if (next.done) done = true;
      else yield* documentOf(next.value, field, leaf);
    }
  } finally {
    await records.return(undefined);
  }
}

export function* documentOf(record: SourceRecord, field: TextField, leaf: Leaf): Generator<SourceDocument> {
  const text = field === null ? record.value : fieldOf(record.value, field.name);
  const place = placeIn(leaf.place, record.place);
  if (!isText(text)) {
    leaf.notes.leaveOut('record', place, field === null ? 'it is no text' : `it has no text in "${field.name}"`);
    return;
  }
  const lone = typeof text === 'string' && !text.isWellFormed() ? 1 : 0;
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const { file, window } = leaf;
  const repaired = record.repaired + lone;
  yield { file, unit: 'record', place, repaired, chunks: (cut, from = 0) => memoryChunks(bytes, window, cut, from) };
}

export const placeIn = (outer: string, inner: string) => (outer === '' ? inner : `${outer}, ${inner}`);

export function leaveOutRecord(leaf: Leaf, place: string, reason: string): void {
  leaf.notes.leaveOut('record', placeIn(leaf.place, place), reason);
}

const isText = (value: unknown): value is string | Uint8Array =>
  typeof value === 'string' || value instanceof Uint8Array;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** A field by its name, or by a path with dots through objects. */
function fieldOf(value: unknown, name: string): unknown {
  if (!isObject(value)) return undefined;
  if (Object.hasOwn(value, name)) return value[name];
  const dot = name.indexOf('.');
  if (dot < 0 || !Object.hasOwn(value, name.slice(0, dot))) return undefined;
  return fieldOf(value[name.slice(0, dot)], name.slice(dot + 1));
}
