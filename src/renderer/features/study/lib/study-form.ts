/** The study dialog's fields, read as what is asked for; and what the study then costs. */
import type { RunConfig } from '../../../../shared/config.ts';
import { UserError } from '../../../../shared/errors.ts';
import { isChild } from '../../../../shared/fork.ts';
import type { StudyRequest } from '../../../../shared/studies.ts';
import { cooldownLength, leastSeeds, studyConfig } from '../../../../shared/study.ts';
import { findField, parseSweepValues, sweepFields } from '../../../../shared/sweep-fields.ts';
import { t } from '../../../strings.ts';

const texts = t.study.dialog;

export interface StudyTexts {
  readonly rates: string;
  readonly seeds: string;
  readonly spacings: string;
}

export interface StudyPlan {
  /** By field, in words. */
  readonly problems: Partial<Record<keyof StudyTexts, string>>;
  /** Why this recipe cannot be studied; null where it can. */
  readonly problem: string | null;
  /** Null while something is wrong or missing. */
  readonly request: StudyRequest | null;
  readonly cost: { readonly runs: number; readonly cooldown: number; readonly updates: number } | null;
}

export function planStudy(base: RunConfig, given: StudyTexts): StudyPlan {
  const problems: Partial<Record<keyof StudyTexts, string>> = {};
  const nothing = { request: null, cost: null };
  if (isChild(base.init)) return { problems, problem: texts.child, ...nothing };
  const fields = sweepFields(base);
  const numbers = (key: 'rates' | 'seeds', field: string): number[] => {
    if (given[key].trim() === '') return [];
    try {
      return parseSweepValues(findField(fields, field), given[key]).map(Number);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems[key] = error.message;
      return [];
    }
  };
  const rates = numbers('rates', 'schedule.peak');
  const seeds = numbers('seeds', 'seed');
  if (seeds.length > 0 && seeds.length < leastSeeds) problems.seeds = texts.fewSeeds(seeds.length, leastSeeds);
  const spacings = given.spacings
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number);
  const sound = spacings.every((n) => Number.isInteger(n) && n > 0) && new Set(spacings).size === spacings.length;
  if (!sound) problems.spacings = texts.spacingsBad(given.spacings.trim());
  if (Object.keys(problems).length > 0 || rates.length === 0 || seeds.length === 0)
    return { problems, problem: null, ...nothing };
  try {
    const cooldown = cooldownLength(studyConfig(base, spacings).steps);
    const runs = rates.length * seeds.length;
    return {
      problems,
      problem: null,
      request: { base, rates, seeds, spacings },
      cost: { runs, cooldown, updates: runs * (base.steps + cooldown) },
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { problems, problem: error.message, ...nothing };
  }
}
