/** A configuration as a file: the JSON that `meander train --config` takes. */
import { type RunConfig, runConfig } from '../../../../shared/config.ts';
import { issuesText } from '../../../../shared/issues.ts';
import { t } from '../../../strings.ts';

export const configFileText = (config: RunConfig): string => `${JSON.stringify(config, null, 2)}\n`;

/** More than any configuration. */
export const configFileLimit = 1 << 20;

export type ReadConfig =
  | { readonly config: RunConfig }
  /** One line per thing that is wrong, each with the field's path. */
  | { readonly problems: readonly string[] };

/** Checks a file as the command line does: unknown and wrong fields are refused by their paths. */
export function readConfigFile(text: string): ReadConfig {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    return { problems: [t.newRun.file.noJson((error as Error).message)] };
  }
  const parsed = runConfig.safeParse(value);
  if (parsed.success) return { config: parsed.data };
  return {
    problems: issuesText(parsed.error.issues, value)
      .split('\n')
      .map((line) => line.trim()),
  };
}
