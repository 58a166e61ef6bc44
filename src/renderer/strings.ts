/** Every text of the window, in one typed table. */
import { common } from './strings/common.ts';
import { compare } from './strings/compare.ts';
import { datasets } from './strings/datasets.ts';
import { newRun } from './strings/new-run.ts';
import { run } from './strings/run.ts';
import { runs } from './strings/runs.ts';
import { settings } from './strings/settings.ts';
import { sweep } from './strings/sweep.ts';

export const t = { ...common, compare, datasets, newRun, run, runs, settings, sweep };
export type Strings = typeof t;
