/** The command that starts the same run. */
import type { PolicyConfig, RunConfig } from '../../../../shared/config.ts';
import { differences } from '../../../../shared/differences.ts';

/** A word as POSIX shells read it back. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * `meander train` with the preset and what differs from it. Policies that were added or taken away are given as a
 * whole, since single keys can only change what is there.
 */
export function trainCommand(config: RunConfig, base: RunConfig, dataset: string): string {
  const ids = (policies: readonly PolicyConfig[]) => policies.map((p) => `${p.kind} ${p.id}`).join();
  const samePolicies = ids(config.policies) === ids(base.policies);
  const changed = differences(base, config).filter((d) => samePolicies || !d.field.startsWith('policies.'));
  const words = [
    'meander train',
    `--preset ${config.preset}`,
    `--dataset ${quoted(dataset)}`,
    `--name ${quoted(config.name)}`,
  ];
  for (const { field, to } of changed) words.push(`--set ${quoted(`${field}=${to}`)}`);
  if (!samePolicies) words.push(`--set ${quoted(`policies=${JSON.stringify(config.policies)}`)}`);
  return words.join(' \\\n  ');
}
