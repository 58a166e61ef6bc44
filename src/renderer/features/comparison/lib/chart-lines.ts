/** Raw weights, averages and the annealed run over the same steps, from a little before the fork on. */
import type { EvaluationLine } from '../../../../shared/metrics.ts';
import type { ChartLine } from '../../../components/chart.tsx';
import { averageColor, averageDash, rawColor } from '../../../lib/average-style.ts';
import { t } from '../../../strings.ts';

export const annealedColor = '--meander-run-5';
export const annealedDash: readonly number[] = [7, 3];
/** What is shown before the fork, in lengths of the cooldown. */
const before = 2;

export function comparisonLines(
  trunk: readonly EvaluationLine[],
  child: readonly EvaluationLine[],
  ids: readonly string[],
  span: { readonly from: number; readonly end: number },
): ChartLine[] {
  const first = span.from - before * (span.end - span.from);
  const shown = trunk.filter(({ step }) => step >= first && step <= span.end);
  const line = (
    part: readonly EvaluationLine[],
    y: (line: EvaluationLine) => number | null,
    style: Pick<ChartLine, 'key' | 'label' | 'color' | 'dash' | 'width'>,
  ): ChartLine => ({
    ...style,
    xs: part.map(({ step }) => step),
    ys: part.map((one) => y(one) ?? Number.NaN),
    length: part.length,
    points: part.length < 40,
  });
  return [
    line(shown, ({ raw }) => raw, { key: 'raw', label: t.comparison.raw, color: rawColor, width: 2 }),
    ...ids.flatMap((id, i) => {
      const part = shown.filter(({ averages }) => averages[id]?.full);
      if (part.length === 0) return [];
      const style = { key: id, label: id, color: averageColor(i), dash: averageDash(i), width: 2 };
      return [line(part, ({ averages }) => averages[id]?.loss ?? null, style)];
    }),
    line(
      child.filter(({ step }) => step >= span.from),
      ({ raw }) => raw,
      { key: 'annealed', label: t.comparison.annealed, color: annealedColor, dash: [...annealedDash], width: 2.5 },
    ),
  ];
}
