/** The classifier and its loss, some rows at a time: logits are never whole. */
import { rowsOf, widthOf } from '../../../program/shapes.ts';
import type { Op } from '../../../program/types.ts';
import { modes, type Shader, type Spread, spread } from '../wgsl.ts';
import { type Dispatch, modeOf, type Settings, type Space } from './dispatch.ts';
import { clear } from './elementwise.ts';
import { product } from './matmul.ts';

const threads = 256;

/** A row's loss; in training its logits become their gradient. */
const lossShader = (lines: Spread, train: boolean): Shader => ({
  name: `cross-entropy${train ? ' and its gradient' : ''}`,
  slots: [
    { name: 'logits', writes: train },
    { name: 'targets', type: 'i32' },
    { name: 'losses', writes: true },
  ],
  numbers: { rows: 'u32', vocab: 'u32', first: 'u32', share: 'f32' },
  workgroup: lines.workgroup,
  declarations: lines.reduction('sumAll', 'sum') + lines.reduction('topOf', 'max'),
  body: `${lines.head('p.rows')}
  let at = row * p.vocab;
  let word = u32(targets[p.first + row]);
  let own = logits[at + word];
  var most = -3.0e38;
  for (var v = turn; v < p.vocab; v += ${lines.stride}) { most = max(most, logits[at + v]); }
  let top = topOf(most, lane);
  var part = 0.0;
  for (var v = turn; v < p.vocab; v += ${lines.stride}) { part += exp(logits[at + v] - top); }
  let total = sumAll(part, lane);
  if (${lines.writes}) { losses[p.first + row] = log(total) + (top - own); }
  ${
    train
      ? `let scale = s.lossScale * p.share;
  for (var v = turn; v < p.vocab; v += ${lines.stride}) {
    let probability = exp(logits[at + v] - top) / total;
    logits[at + v] = scale * (probability - select(0.0, 1.0, v == word));
  }`
      : ''
  }`,
});

/** Rows at a time. */
function chunkRows(rows: number, vocab: number, { logitBytes, bindingBytes }: Settings): number {
  return Math.max(1, Math.min(rows, Math.floor(Math.min(logitBytes, bindingBytes) / (4 * vocab))));
}

export function classifierLoss(
  op: Op<'classifierLoss'> | Op<'classifierLossTrain'>,
  space: Space,
  settings: Settings,
): Dispatch[] {
  const { x, weight, targets } = op.in;
  const { vocab } = op.attrs;
  const [rows, width] = [rowsOf(x), widthOf(x)];
  const { tiles } = settings;
  const lines = spread(threads, tiles.staged);
  const size = chunkRows(rows, vocab, settings);
  const logits = space.take(size * vocab);
  const train = op.kind === 'classifierLossTrain';
  const dispatches: Dispatch[] = [];
  for (let first = 0; first < rows; first += size) {
    const m = Math.min(size, rows - first);
    const start = first * width;
    dispatches.push(
      ...product(tiles, space, {
        ...{ m, n: vocab, k: width, a: x, aStart: start, b: weight, bTransposed: true, c: logits },
        mode: modes.overwrite,
      }),
      {
        shader: lossShader(lines, train),
        operands: { logits, targets, losses: op.out.losses },
        numbers: { rows: m, vocab, first, share: 1 / rows },
        grid: lines.grid(m),
      },
    );
    if (!train) continue;
    const { dx, dweight } = op.out;
    dispatches.push(
      ...product(tiles, space, {
        ...{ m, n: width, k: vocab, a: logits, b: weight, c: dx, cStart: start, mode: modeOf(op as never, 'dx') },
      }),
      ...product(tiles, space, {
        ...{ m: vocab, n: width, k: m, a: logits, aTransposed: true, b: x, bStart: start, c: dweight },
        mode: first === 0 ? modeOf(op as never, 'dweight') : modes.add,
      }),
    );
  }
  if (train) {
    const { dweight } = op.out;
    const padded = (dweight.shape[0] - vocab) * width;
    dispatches.push(...clear(dweight, vocab * width, padded, modeOf(op as never, 'dweight')));
  }
  return dispatches;
}

export function classifierLogits(op: Op<'classifierLogits'>, space: Space, { tiles }: Settings): Dispatch[] {
  const { x, weight } = op.in;
  return product(tiles, space, {
    ...{ m: rowsOf(x), n: op.attrs.vocab, k: widthOf(x), a: x, b: weight, bTransposed: true, c: op.out.logits },
    mode: modes.overwrite,
  });
}
