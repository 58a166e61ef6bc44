/** Lines of a chart as comma-separated values: a row for each x that any line has, at full resolution. */
import { lowerBound } from '../../shared/column.ts';
import type { Line } from './downsample.ts';

/** Rows in one piece of text: a million rows in one string would be held twice. */
const rowsAtOnce = 20_000;

export interface NamedLine extends Line {
  readonly label: string;
}

/** Pieces of the file for x in [from, to]; a cell is empty where a line has no point, or none that is finite. */
export function* csvPieces(xName: string, lines: readonly NamedLine[], from: number, to: number): Generator<string> {
  yield `${[xName, ...lines.map((line) => line.label)].map(quoted).join(',')}\n`;
  const at = lines.map(({ xs, length }) => lowerBound(xs, length, from));
  for (;;) {
    let text = '';
    for (let row = 0; row < rowsAtOnce; row++) {
      let x = Number.POSITIVE_INFINITY;
      lines.forEach(({ xs, length }, i) => {
        if (at[i] < length) x = Math.min(x, xs[at[i]]);
      });
      if (x > to || x === Number.POSITIVE_INFINITY) {
        if (text !== '') yield text;
        return;
      }
      text += String(x);
      lines.forEach(({ xs, ys, length }, i) => {
        text += ',';
        if (at[i] < length && xs[at[i]] === x) text += written(ys, at[i]++);
      });
      text += '\n';
    }
    yield text;
  }
}

/** A float32 with the digits that tell it from its neighbours; those that float64 would add are not its own. */
function written(ys: ArrayLike<number>, i: number): string {
  const y = ys[i];
  if (!Number.isFinite(y)) return '';
  return ys instanceof Float32Array ? String(Number(y.toPrecision(9))) : String(y);
}

const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
