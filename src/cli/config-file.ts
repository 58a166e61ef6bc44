/** Configurations from files and from --set, with the key's path in every message. */
import { readFile } from 'node:fs/promises';
import { type RunConfig, runConfig } from '../shared/config.ts';
import { issuesText } from '../shared/issues.ts';
import { UsageError } from './command.ts';

export async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${(error as Error).message}`);
  }
}

/** @throws UsageError listing every wrong or unknown key by its path. */
export function checkedConfig(value: unknown, where: string): RunConfig {
  const parsed = runConfig.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UsageError(`${where}:\n${issuesText(parsed.error.issues, value)}`);
}

/**
 * Applies `key.path=value` assignments; the value is JSON where it parses, text otherwise.
 * A policy, and a dataset of a mix, is named by its id: policies.lawa.spacing=20.
 */
export function withAssignments(config: RunConfig, assignments: readonly string[]): unknown {
  const result: unknown = structuredClone(config);
  for (const assignment of assignments) {
    const at = assignment.indexOf('=');
    if (at < 1) throw new UsageError(`--set takes key=value, not "${assignment}"`);
    assign(result, assignment.slice(0, at).split('.'), parsed(assignment.slice(at + 1)), assignment);
  }
  return result;
}

function assign(target: unknown, path: readonly string[], value: unknown, assignment: string): void {
  let place = target as Record<string, unknown>;
  for (const key of path.slice(0, -1)) {
    const next = Array.isArray(place) ? place.find((p: { id?: string }) => p.id === key) : place[key];
    if (next === null || typeof next !== 'object')
      throw new UsageError(`--set ${assignment}: there is nothing called "${key}" in the configuration`);
    place = next as Record<string, unknown>;
  }
  place[path[path.length - 1]] = value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
