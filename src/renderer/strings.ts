/** Every text of the window, in one typed table. */

import { averages } from './strings/averages.ts';
import { commands } from './strings/commands.ts';
import { common } from './strings/common.ts';
import { compare } from './strings/compare.ts';
import { comparison } from './strings/comparison.ts';
import { datasets } from './strings/datasets.ts';
import { doctor } from './strings/doctor.ts';
import { exporting } from './strings/exporting.ts';
import { firstRun, home, tour } from './strings/first-run.ts';
import { map } from './strings/map.ts';
import { mix } from './strings/mix.ts';
import { models } from './strings/models.ts';
import { newRun } from './strings/new-run.ts';
import { run } from './strings/run.ts';
import { runs } from './strings/runs.ts';
import { sample } from './strings/sample.ts';
import { settings } from './strings/settings.ts';
import { study } from './strings/study.ts';
import { sweep } from './strings/sweep.ts';

export const t = {
  ...common,
  averages,
  commands,
  compare,
  comparison,
  datasets,
  doctor,
  exporting,
  firstRun,
  home,
  map,
  mix,
  models,
  newRun,
  run,
  runs,
  sample,
  settings,
  study,
  sweep,
  tour,
};
export type Strings = typeof t;
