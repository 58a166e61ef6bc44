/** What a study found, in sentences and in rows: the same on the command line and in the window. */
import { annealed, type Spread, type StudyTable } from './study.ts';
import { sweepValueText } from './sweep-fields.ts';

const loss = (value: number): string => value.toFixed(4);
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;

export const spreadText = (of: Spread | null, show: (value: number) => string = loss): string =>
  of === null ? '' : `${show(of.mean)}${of.deviation === null ? '' : ` ± ${of.deviation.toFixed(4)}`}`;

export interface StudyRow {
  readonly rate: number;
  /** 'raw', a policy's id, or `annealed`. */
  readonly of: string;
  readonly loss: string;
  /** Against raw of the same runs; '' for raw itself. */
  readonly gain: string;
  readonly seeds: number;
}

/** Every rate with raw, the averages and the annealed run, at the last step. */
export function studyRows(results: StudyTable): StudyRow[] {
  return results.rates.flatMap((rate) =>
    ['raw', ...results.policies, annealed].map((of) => {
      const found = results.loss(of, rate);
      const gain = of === 'raw' ? null : results.gain(of, rate, { of: 'raw', rate });
      return { rate, of, loss: spreadText(found), gain: spreadText(gain, signed), seeds: found?.seeds ?? 0 };
    }),
  );
}

/** Raw at its best rate, the best average, the annealed run, and what to beware of. `length`: updates of a cooldown. */
export function studyWords(results: StudyTable, length: number): string[] {
  const raw = results.bestRate('raw');
  const best = results.bestPolicy();
  const cooled = results.bestRate(annealed);
  if (raw === null) return ['No run has a loss at its end, so nothing can be compared.'];
  const said = [`Raw at its best rate, ${sweepValueText(raw)}: ${spreadText(results.loss('raw', raw))}.`];
  const against = (of: string, rate: number, other: { of: string; rate: number }): string =>
    spreadText(results.gain(of, rate, other), signed);
  if (best)
    said.push(
      `Best average, ${best.of} at ${sweepValueText(best.rate)}: ${spreadText(results.loss(best.of, best.rate))}, ` +
        `${against(best.of, best.rate, { of: 'raw', rate: raw })} against raw at its best rate.`,
    );
  if (cooled !== null)
    said.push(
      `Annealed run at ${sweepValueText(cooled)}: ${spreadText(results.loss(annealed, cooled))}, ` +
        `${against(annealed, cooled, { of: 'raw', rate: raw })} against raw at its best rate` +
        (best ? `, ${against(annealed, cooled, best)} against the best average` : '') +
        `. Each cost ${length} extra updates; averages cost none.`,
    );
  return [
    ...said,
    'Deviations are over seeds; rates and averages were chosen on the blocks that they are reported on.',
  ];
}
