/** The sweep dialog's rows: what was typed, read as axes, and what the runs amount to. */
import type { RunSummary } from '../../../../shared/api.ts';
import type { RunConfig } from '../../../../shared/config.ts';
import { UserError } from '../../../../shared/errors.ts';
import { estimateDisk } from '../../../../shared/estimate.ts';
import { expandSweep, type SweepAxis, type SweepRun } from '../../../../shared/sweep.ts';
import { parseSweepValues, type SweepField, type SweepValue } from '../../../../shared/sweep-fields.ts';
import { paceOf, secondsOf, trainedTokens } from '../../../lib/pace.ts';

/** A row of the form: a field, and its values as they are typed. */
export interface Row {
  readonly id: number;
  readonly field: string | null;
  readonly text: string;
}

export interface ReadRow {
  readonly field: SweepField | null;
  readonly values: readonly SweepValue[];
  /** What is wrong with the values, in words. */
  readonly problem: string | null;
}

export function readRow(row: Row, fields: readonly SweepField[]): ReadRow {
  const field = fields.find((one) => one.field === row.field) ?? null;
  if (field === null) return { field, values: [], problem: null };
  try {
    return { field, values: parseSweepValues(field, row.text), problem: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { field, values: [], problem: error.message };
  }
}

export interface Plan {
  readonly axes: readonly SweepAxis[];
  readonly runs: readonly SweepRun[];
  /** Why there is no grid, in words; null where there is one, or where nothing was asked for yet. */
  readonly problem: string | null;
  /** Whether every run can be made. */
  readonly sound: boolean;
}

/** Rows without values are not begun, and left out. */
export function planSweep(base: RunConfig, rows: readonly ReadRow[], taken: readonly string[]): Plan {
  const axes = rows
    .filter((row) => row.field !== null && row.values.length > 0)
    .map((row) => ({ field: row.field!.field, values: [...row.values] }));
  const nothing = { axes, runs: [], sound: false };
  if (axes.length === 0 || rows.some((row) => row.problem !== null)) return { ...nothing, problem: null };
  try {
    const runs = expandSweep(base, axes, taken);
    return { axes, runs, problem: null, sound: runs.every((run) => run.problem === null) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...nothing, problem: `${error.message} ${error.next}` };
  }
}

export interface Totals {
  readonly tokens: number;
  /** Null where no run of one of the models has trained. */
  readonly seconds: number | null;
  /** Bytes, at their fullest. */
  readonly disk: number;
}

export function totalsOf(runs: readonly SweepRun[], known: readonly Pick<RunSummary, 'config' | 'speed'>[]): Totals {
  const configs = runs.map((run) => run.config).filter((config) => config !== null);
  const seconds = configs.map((config) => {
    const pace = paceOf(config.model, known);
    return pace === null || pace <= 0 ? null : secondsOf(config, pace);
  });
  return {
    tokens: configs.reduce((sum, config) => sum + trainedTokens(config), 0),
    seconds: seconds.reduce<number | null>((sum, s) => (sum === null || s === null ? null : sum + s), 0),
    disk: configs.reduce((sum, config) => sum + estimateDisk(config).total, 0),
  };
}

/** Whether a run of the sweep would be the base once more. */
export const isBase = (run: SweepRun, rows: readonly ReadRow[]): boolean =>
  run.values.every((value, i) => rows.filter((row) => row.values.length > 0)[i]?.field?.value === value);

/** Fields that are swept most, to stand first. */
const often = ['schedule.peak', 'seed', 'steps', 'batch.microBatch', 'optimizer.weightDecay', 'schedule.kind'];

export function groupedFields(fields: readonly SweepField[]): { often: string[]; all: string[] } {
  const paths = fields.map(({ field }) => field);
  return { often: often.filter((path) => paths.includes(path)), all: paths.filter((path) => !often.includes(path)) };
}
