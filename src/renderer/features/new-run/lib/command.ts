/** The command that starts the same run. */
import type { PolicyConfig, RunConfig } from '../../../../shared/config.ts';
import { differences } from '../../../../shared/differences.ts';

/** A word as POSIX shells read it back. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** Of a path of any system. */
const folderName = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;

/**
 * `meander train` with the preset and what differs from it. Policies that were added or taken away, and an
 * architecture, are given as a whole, since single keys can only change what is there.
 */
export function trainCommand(config: RunConfig, base: RunConfig, dataset: string): string {
  const ids = (policies: readonly PolicyConfig[]) => policies.map((p) => `${p.kind} ${p.id}`).join();
  const samePolicies = ids(config.policies) === ids(base.policies);
  const apart = ['mix.', 'model.architecture.', ...(samePolicies ? [] : ['policies.'])];
  const changed = differences(base, config).filter(({ field }) => !apart.some((start) => field.startsWith(start)));
  const words = [
    'meander train',
    `--preset ${config.preset}`,
    `--dataset ${quoted(dataset)}`,
    `--name ${quoted(config.name)}`,
  ];
  const { mix } = config;
  const named = [...(mix.others.length > 0 && mix.weight !== 1 ? [{ name: dataset, weight: mix.weight }] : [])];
  for (const { dataset: folder, weight } of mix.others) named.push({ name: folderName(folder), weight });
  for (const { name, weight } of named) words.push(`--mix ${quoted(`${name}=${weight}`)}`);
  for (const { field, to } of changed) words.push(`--set ${quoted(`${field}=${to}`)}`);
  const { architecture } = config.model;
  if (architecture) words.push(`--set ${quoted(`model.architecture=${JSON.stringify(architecture)}`)}`);
  if (!samePolicies) words.push(`--set ${quoted(`policies=${JSON.stringify(config.policies)}`)}`);
  return words.join(' \\\n  ');
}
