import { readTrajectory } from '../../app/averages-files.ts';
import type { EvaluationResult, MapChoice } from '../../shared/jobs.ts';
import { mapJob } from '../../shared/map-job.ts';
import { type MapPlan, mapEvaluations } from '../../shared/window-map.ts';
import { type Command, UsageError } from '../command.ts';
import { homeOf, jobWithProgress } from '../job.ts';
import { lastEvaluation, loss, plusMinus, signed } from '../results.ts';
import { readRunConfig } from '../run-config.ts';
import { asUsage } from '../sweep.ts';
import { duration, say, table, tell } from '../terminal.ts';
import { runAndFolder } from '../weights.ts';

export const map: Command = {
  name: 'map',
  summary: 'measure every window of a run’s kept weights, k by spacing, and find the best honestly',
  usage: 'RUN [--k LIST] [--spacing LIST] [options]',
  operands: true,
  options: {
    k: { type: 'string', value: 'LIST', help: 'snapshots in a window (default: 2,3,5,8)' },
    spacing: { type: 'string', value: 'LIST', help: 'steps between them (default: the smallest kept, and doublings)' },
    blocks: { type: 'string', value: 'N', help: 'validation blocks (default: the run’s own)' },
  },
  notes: [
    'Windows end at the newest checkpoint. Widths of a power EMA that its stored pairs can make are measured with them.',
    'The best is chosen on every other validation block and reported on the remaining ones. Nothing is written.',
  ],
  async run(args) {
    const { folder } = runAndFolder(args, homeOf(args));
    const { evaluation } = await readRunConfig(folder);
    const blocks = args.number('blocks', { min: 4, integer: true }) ?? evaluation.blocks;
    const asked = { counts: readList('k', args.text('k')), spacings: readList('spacing', args.text('spacing')) };
    const kept = await readTrajectory(folder);
    const { plan, spec } = asUsage(() => mapJob(folder, kept, asked, blocks));
    const evaluations = mapEvaluations(plan, 1 + spec.beside.length);
    tell(`${evaluations} evaluations of ${blocks} blocks${await costText(folder, evaluations, blocks)}.`);
    const result = await jobWithProgress(spec, 'Measuring');
    if (result.outcome === 'stopped') {
      tell('Stopped: a part of a map says nothing of the best.');
      return 130;
    }
    const measured = result.evaluations ?? [];
    say(mapTable(plan, measured));
    if (plan.widths.length > 0) say(`\n${widthTable(plan, measured)}`);
    say(`\n${inWords(measured, result.choice ?? null)}`);
    if (args.flag('json')) say(JSON.stringify({ plan, evaluations: measured, choice: result.choice ?? null }));
    return 0;
  },
};

function readList(option: string, text: string | null): number[] | null {
  if (text === null) return null;
  const values = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number);
  if (values.length === 0 || values.some((value) => !Number.isInteger(value)))
    throw new UsageError(`--${option} takes whole numbers with commas, not "${text}"`);
  return values;
}

/** What the run's last evaluation took says what these will, on an idle machine. */
async function costText(folder: string, evaluations: number, blocks: number): Promise<string> {
  const last = await lastEvaluation(folder).catch(() => null);
  if (!last) return '';
  const each = (last.took / (1 + Object.keys(last.averages).length)) * (blocks / last.blocks);
  return `, about ${duration(each * evaluations)}`;
}

/** Against raw on the half that chooses; the other half is for the one that is chosen. */
const firstHalf = (result: EvaluationResult): number => result.halves?.[0].difference ?? result.difference;

function mapTable(plan: MapPlan, measured: readonly EvaluationResult[]): string {
  const rows = plan.counts.map((k) => [
    `k = ${k}`,
    ...plan.spacings.map((spacing) => {
      const cell = plan.cells.find((one) => one.k === k && one.spacing === spacing);
      if (!cell?.steps) return 'not kept';
      const result = measured.find(({ of }) => of === cell.of);
      return result ? signed(firstHalf(result)) : 'not finite';
    }),
  ]);
  const head = ['against raw, on the half that chooses', ...plan.spacings.map((spacing) => `every ${spacing}`)];
  return table(
    [head, ...rows],
    head.map((_, i) => i > 0),
  );
}

function widthTable(plan: MapPlan, measured: readonly EvaluationResult[]): string {
  const rows = plan.widths.map(({ of, half }) => {
    const result = measured.find((one) => one.of === of);
    return [of, `${half} steps`, result ? signed(firstHalf(result)) : 'not to be made from what is stored'];
  });
  return table(
    [['width', 'half of it from the last', 'against raw, on the half that chooses'], ...rows],
    [false, true, true],
  );
}

function inWords(measured: readonly EvaluationResult[], choice: MapChoice | null): string {
  if (!choice) return 'There are too few validation blocks to choose on one half and report on the other.';
  const name = choice.of.includes('@') ? choice.of : `k × spacing = ${choice.of}`;
  const rows = choice.against.map(({ of, difference, standardError, verdict }) => [
    of,
    plusMinus(difference, standardError),
    verdict,
    loss(measured.find((result) => result.of === of)?.loss ?? null),
  ]);
  return (
    `Best of ${choice.among}: ${name}. On the half that had no part in the choice its loss is ${loss(choice.loss)}:\n` +
    table([['against', 'difference there', '', 'loss on all blocks'], ...rows], [false, true, false, true])
  );
}
