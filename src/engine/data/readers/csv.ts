/** Tables of text: a row is a record, the first row names the fields. */
import { setImmediate } from 'node:timers/promises';
import { parse } from 'csv-parse';
import { broken } from './bytes.ts';
import type { SourceRecord } from './records.ts';
import { recordLimit } from './records.ts';
import type { Leaf } from './source-reader.ts';

/**
 * Cells are given as raw bytes, so that what is broken in them is counted where it is. Rows may be shorter or longer
 * than the first; cells that have no name are left out.
 * @throws UserError 'source-broken' for a quote that is never closed, and for a row of more than `recordLimit`
 */
export async function* tableRows(leaf: Leaf, delimiter: ',' | '\t'): AsyncGenerator<SourceRecord> {
  let names: string[] | null = null;
  let number = 0;
  for await (const row of rows(leaf, delimiter)) {
    number++;
    if (names === null) {
      names = row.map(String);
      continue;
    }
    const value: Record<string, Buffer> = Object.create(null);
    let bytes = 0;
    for (const [i, cell] of row.entries()) {
      bytes += cell.length;
      if (i < names.length) value[names[i]] = cell;
    }
    yield { place: `row ${number}`, value, bytes, repaired: 0 };
  }
}

/** Pulled by hand: piping would lose, by chance, rows that were parsed but not taken when the source fails. */
async function* rows(leaf: Leaf, delimiter: string): AsyncGenerator<Buffer[]> {
  const parser = parse({
    delimiter,
    encoding: null,
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: recordLimit,
  });
  let given: Buffer[][] = [];
  const state = { failure: null as Error | null, settled: () => {} };
  parser.on('data', (row: Buffer[]) => void given.push(row));
  parser.on('error', (error) => {
    state.failure ??= error;
    state.settled();
  });
  async function* after(action: (done: () => void) => void): AsyncGenerator<Buffer[]> {
    await new Promise<void>((resolve) => {
      state.settled = resolve;
      action(resolve);
    });
    while (state.failure === null && parser.readableLength > 0) await setImmediate();
    const taken = given;
    given = [];
    yield* taken;
    if (state.failure !== null) throw broken(`it is no such table: ${state.failure.message}`, state.failure);
  }
  try {
    for await (const part of leaf.bytes) yield* after((done) => void parser.write(part, () => done()));
    yield* after((done) => {
      parser.on('end', done);
      parser.end();
    });
  } finally {
    parser.destroy();
  }
}
