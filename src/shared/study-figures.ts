/** The figures of a study: absolute loss and gain against learning rate, spacing and progress of the training. */
import type { PolicyConfig, RunConfig } from './config.ts';
import { annealed, type Spread, type StudyTable } from './study.ts';
import {
  type Figure,
  type FigurePanel,
  type FigurePoint,
  type FigureRule,
  type FigureSeries,
  figureColors,
  figureInk,
  figureSvg,
} from './svg-figure.ts';

const annealedColor = '#d64550';
const dashes = [undefined, '7 3', '2 3', '9 3 2 3', '4 2', '12 4', '1 3'];
const loss = 'loss, nats per token';
/** Evaluations from before this share of the run are left out: the fall from the first weights hides the rest. */
const shownFrom = 0.2;

const rateText = (rate: number): string => (rate < 0.01 ? rate.toExponential() : String(rate));
const point = (x: number, of: Spread | null): FigurePoint[] => (of ? [{ x, y: of.mean, deviation: of.deviation }] : []);

interface Look {
  readonly color: string;
  readonly dash?: string;
}

/** Averages in the order of the table: windows share a colour and differ in dash, the others have their own. */
function looks(table: StudyTable, policies: readonly PolicyConfig[]): Map<string, Look> {
  const windows = new Set(policies.filter(({ kind }) => kind === 'lawa').map(({ id }) => id));
  let next = 1;
  let dash = 0;
  return new Map(
    table.policies.map((of): [string, Look] =>
      windows.has(of)
        ? [of, { color: figureColors[0], dash: dashes[dash++ % dashes.length] }]
        : [of, { color: figureColors[next++ % figureColors.length] }],
    ),
  );
}

/** File name → SVG text. The spacing has a figure where the study has more than one. */
export function studyFigures(table: StudyTable, config: RunConfig, seeds: number): Record<string, string> {
  const note = [
    `Mean over ${seeds} seeds, whiskers: their standard deviation (n − 1). All losses on the same ${config.evaluation.blocks} validation blocks; best rates were chosen on those blocks, too.`,
    `Annealed: a cooldown (${config.schedule.cooldownForm}) of the last steps of the same run, compared at its last step only; its extra updates come on top.`,
  ];
  const figures: Record<string, Figure> = {
    'learning-rate.svg': rateFigure(table, config, note),
    'progress.svg': progressFigure(table, config, note),
  };
  const windows = config.policies.filter((policy) => policy.kind === 'lawa');
  if (new Set(windows.map(({ spacing }) => spacing)).size > 1)
    figures['spacing.svg'] = spacingFigure(table, windows, config.steps, note);
  return Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, figureSvg(figure)]));
}

function bestRaw(table: StudyTable, gain: boolean, rate: number | null): FigureRule[] {
  const best = table.bestRate('raw');
  if (best === null) return [];
  const spread = gain ? (rate === null ? null : table.gain('raw', best, { of: 'raw', rate })) : table.loss('raw', best);
  return spread
    ? [{ label: `raw at its best rate (${rateText(best)})`, y: spread.mean, color: figureInk, dash: '2 3' }]
    : [];
}

function rateFigure(table: StudyTable, config: RunConfig, notes: readonly string[]): Figure {
  const look = looks(table, config.policies);
  const best = table.bestRate('raw');
  const lines = (of: (weights: string, rate: number) => Spread | null, withRaw: boolean): FigureSeries[] => [
    ...(withRaw ? [line('raw', { color: figureInk }, 2.5, of)] : []),
    ...[...look].map(([id, style]) => line(id, style, 1.75, of)),
    line(annealed, { color: annealedColor, dash: '6 3' }, 2.25, of),
  ];
  const line = (id: string, style: Look, width: number, of: (id: string, rate: number) => Spread | null) => ({
    label: id === annealed ? 'annealed' : id,
    ...style,
    width,
    points: table.rates.flatMap((rate) => point(rate, of(id, rate))),
  });
  const axis = { xLabel: 'peak learning rate', xLog: true, xTicks: table.rates };
  const rateOnly =
    best === null ? [] : table.rates.flatMap((rate) => point(rate, table.gain('raw', best, { of: 'raw', rate })));
  return {
    title: `After ${config.steps} steps, by learning rate`,
    description:
      'Left: loss of raw weights, averages and annealed runs at each learning rate. Right: the same less raw of the same run.',
    panels: [
      {
        ...axis,
        title: 'absolute loss',
        yLabel: loss,
        series: lines((id, rate) => table.loss(id, rate), true),
        rules: bestRaw(table, false, null),
      },
      {
        ...axis,
        title: 'gain: loss less raw of the same run',
        yLabel: 'nats per token, negative is better',
        series: [
          ...lines((id, rate) => table.gain(id, rate, { of: 'raw', rate }), false),
          ...(best === null
            ? []
            : [
                {
                  label: `raw at its best rate (${rateText(best)})`,
                  color: figureInk,
                  dash: '2 3',
                  points: rateOnly,
                  guide: true,
                },
              ]),
        ],
        rules: [{ label: 'raw', y: 0, color: figureInk }],
      },
    ],
    notes: [
      ...notes,
      'Where raw at its best rate leaves the right panel, the choice of the rate matters more than averaging.',
    ],
  };
}

function spacingFigure(
  table: StudyTable,
  windows: readonly { readonly id: string; readonly k: number; readonly spacing: number }[],
  steps: number,
  notes: readonly string[],
): Figure {
  const sorted = [...windows].sort((a, b) => a.spacing - b.spacing);
  const lines = (of: (id: string, rate: number) => Spread | null): FigureSeries[] =>
    table.rates.map((rate, i) => ({
      label: `LAWA at ${rateText(rate)}`,
      color: figureColors[i % figureColors.length],
      points: sorted.flatMap(({ id, spacing }) => point(spacing, of(id, rate))),
    }));
  const axis = { xLabel: 'steps between snapshots (ν)', xLog: true, xTicks: sorted.map(({ spacing }) => spacing) };
  const cooled = table.bestRate(annealed);
  const annealedRule = (y: number | undefined): FigureRule[] =>
    cooled === null || y === undefined
      ? []
      : [{ label: `annealed at its best rate (${rateText(cooled)})`, y, color: annealedColor, dash: '6 3' }];
  const gained = cooled === null ? null : table.gain(annealed, cooled, { of: 'raw', rate: cooled });
  return {
    title: `LAWA over ${sorted[0]?.k ?? 0} snapshots after ${steps} steps, by spacing`,
    description:
      'Left: loss of the windows at each spacing, a line per learning rate. Right: the same less raw of the same run.',
    panels: [
      {
        ...axis,
        title: 'absolute loss',
        yLabel: loss,
        series: lines((id, rate) => table.loss(id, rate)),
        rules: [
          ...bestRaw(table, false, null),
          ...annealedRule(cooled === null ? undefined : table.loss(annealed, cooled)?.mean),
        ],
      },
      {
        ...axis,
        title: 'gain: loss less raw of the same run',
        yLabel: 'nats per token, negative is better',
        series: lines((id, rate) => table.gain(id, rate, { of: 'raw', rate })),
        rules: [{ label: 'raw', y: 0, color: figureInk }, ...annealedRule(gained?.mean)],
      },
    ],
    notes,
  };
}

/** Everything at the rate that suits it best; the gain is against raw at raw's best rate, step by step. */
function progressFigure(table: StudyTable, config: RunConfig, notes: readonly string[]): Figure {
  const look = looks(table, config.policies);
  const best = table.bestRate('raw');
  const steps = [...new Set(table.points.map(({ step }) => step))]
    .sort((a, b) => a - b)
    .filter((step) => step >= shownFrom * table.end);
  const line = (id: string, style: Look, width: number, gain: boolean): FigureSeries[] => {
    const rate = table.bestRate(id);
    if (rate === null || best === null) return [];
    const of = (step: number): Spread | null =>
      gain ? table.gain(id, rate, { of: 'raw', rate: best }, step) : table.loss(id, rate, step);
    const label = `${id === annealed ? 'annealed' : id} at ${rateText(rate)}`;
    const points = steps.flatMap((step) => point(step, of(step)));
    return [{ label, ...style, width, points, lastOnly: id === annealed }];
  };
  const lines = (gain: boolean): FigureSeries[] => [
    ...line('raw', { color: figureInk }, 2.5, gain),
    ...[...look].flatMap(([id, style]) => line(id, style, 1.75, gain)),
    ...line(annealed, { color: annealedColor, dash: '6 3' }, 2.25, gain),
  ];
  const panel = (gain: boolean, title: string, yLabel: string): FigurePanel => ({
    title,
    xLabel: 'step',
    yLabel,
    series: lines(gain),
  });
  return {
    title: 'As the training goes on, each at its best learning rate',
    description: 'Left: loss at every evaluation. Right: the same less raw at raw’s best rate, at the same step.',
    panels: [
      panel(false, 'absolute loss', loss),
      panel(true, 'gain: loss less raw at its best rate', 'nats per token, negative is better'),
    ],
    notes: [...notes, 'Best rate: the lowest mean loss at the last step.'],
  };
}
