/** Parquet: a row is a record, of which the column with the text is read and no other. */
import type { FileMetaData, SchemaTree } from 'hyparquet';
import { parquetMetadataAsync, parquetSchema } from 'hyparquet';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { UserError } from '../../errors.ts';
import { broken } from './bytes.ts';
import type { ColumnChunk } from './parquet-pages.ts';
import { textPages } from './parquet-pages.ts';
import type { RandomAccess } from './random-access.ts';
import type { SourceDocument } from './reader.ts';
import type { SourceRecord } from './records.ts';
import { chooseField, documentOf, leaveOutRecord, lookedAt, recordLimit } from './records.ts';
import type { Leaf } from './source-reader.ts';

/** Columns that are looked into before one is guessed. */
const mostColumns = 64;

/** A column that may hold text, by its path with dots. */
interface TextColumn {
  readonly name: string;
  readonly path: readonly SchemaTree[];
}

/**
 * Text columns are those of strings and of bytes, at the top or in structs; in lists, and maps, there is none.
 * @throws UserError 'source-broken', 'no-text-field'
 */
export async function* parquetDocuments(access: RandomAccess, leaf: Leaf): AsyncGenerator<SourceDocument> {
  try {
    const metadata = await metadataOf(access);
    const columns: TextColumn[] = [];
    const others: string[] = [];
    collect(parquetSchema(metadata), [], columns, others);
    const field = chooseField(await preview(access, metadata, columns, others, leaf), leaf.textField);
    if (field === null) return;
    // Where a column is named, no other was looked into; all that may hold text can still be chosen.
    leaf.notes.found('parquet', { ...field, all: columns.map(({ name }) => name) });
    const column = columns.find(({ name }) => name === field.name)!;
    const chunks = metadata.row_groups.map((_, group) => chunkOf(metadata, group, column));
    const total = chunks.reduce((sum, chunk) => sum + chunk.end - chunk.start, 0);
    let row = 0;
    for (const chunk of chunks)
      for await (const { values, bytes } of textPages(access, chunk, leaf.budget)) {
        for (const text of values) {
          const place = `row ${++row}`;
          if (text !== null && text.length > recordLimit)
            leaveOutRecord(leaf, place, `it is longer than ${recordLimit >> 20} MiB`);
          else yield* documentOf(recordOf(place, field.name, text), field, leaf);
        }
        // The other columns are never read: this one stands for the whole file.
        if (leaf.depth === 0) leaf.notes.onBytes(Math.round((bytes / total) * leaf.file.bytes));
      }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw broken(`it is no whole parquet file: ${(error as Error).message.slice(0, 200)}`, error);
  }
}

async function metadataOf(access: RandomAccess): Promise<FileMetaData> {
  const magic = Buffer.from(await access.read(Math.max(access.size - 4, 0), Math.min(access.size, 4))).toString(
    'latin1',
  );
  if (magic === 'PARE') throw broken('it is an encrypted parquet file');
  const slice = async (start: number, end = access.size) => (await access.read(start, end - start)).buffer;
  return parquetMetadataAsync({ byteLength: access.size, slice }, { geoparquet: false });
}

function collect(tree: SchemaTree, above: readonly SchemaTree[], columns: TextColumn[], others: string[]): void {
  const path = [...above, tree];
  for (const child of tree.children) {
    const { element } = child;
    if (element.repetition_type === 'REPEATED') continue;
    const name = child.path.join('.');
    if (child.children.length > 0) collect(child, path, columns, others);
    else if (element.type === 'BYTE_ARRAY' && columns.length < mostColumns)
      columns.push({ name, path: [...path, child] });
    else others.push(name);
  }
}

/** The first rows, of every column that may be meant. */
async function preview(
  access: RandomAccess,
  metadata: FileMetaData,
  columns: readonly TextColumn[],
  others: readonly string[],
  leaf: Leaf,
): Promise<SourceRecord[]> {
  // Columns without text are named where no field is found.
  const rows: Record<string, unknown>[] = [Object.fromEntries(others.map((name) => [name, null]))];
  const group = metadata.row_groups.findIndex(({ num_rows }) => num_rows > 0n);
  for (const column of group < 0 ? [] : columns) {
    rows[0][column.name] = null;
    if (leaf.textField !== null && column.name !== leaf.textField) continue;
    for await (const { values } of textPages(access, chunkOf(metadata, group, column), leaf.budget)) {
      for (const [i, text] of values.slice(0, lookedAt).entries()) {
        rows[i] ??= {};
        if (text !== null) rows[i][column.name] = text;
      }
      break;
    }
  }
  return rows.map((value, i) => ({ place: `row ${i + 1}`, value, bytes: 0, repaired: 0 }));
}

function chunkOf(metadata: FileMetaData, group: number, column: TextColumn): ColumnChunk {
  const { columns } = metadata.row_groups[group];
  const data = columns.find(({ meta_data }) => meta_data?.path_in_schema.join('.') === column.name)?.meta_data;
  if (data === undefined) throw broken(`its row group ${group + 1} has no column "${column.name}"`);
  const offsets = [data.dictionary_page_offset, data.data_page_offset].flatMap((offset) =>
    offset ? [Number(offset)] : [],
  );
  const start = Math.min(...offsets);
  const { element } = column.path[column.path.length - 1];
  // Text stays bytes, whatever it is annotated as.
  const bytes = { ...element, converted_type: undefined, logical_type: undefined };
  const decoder = {
    pathInSchema: data.path_in_schema,
    type: 'BYTE_ARRAY' as const,
    element: bytes,
    schemaPath: [...column.path],
    codec: data.codec,
    parsers: DEFAULT_PARSERS,
    utf8: false,
  };
  const levels = column.path.slice(1).filter((node) => node.element.repetition_type !== 'REQUIRED').length;
  return { start, end: start + Number(data.total_compressed_size), decoder, levels };
}

const recordOf = (place: string, name: string, text: Uint8Array | null): SourceRecord => ({
  place,
  value: { [name]: text },
  bytes: text?.length ?? 0,
  repaired: 0,
});
