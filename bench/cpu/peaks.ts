/** What processors were measured to reach when nothing disturbed them, so that a peak taken under load is known as one. */
import { readFileSync } from 'node:fs';

/** Operations per second of one thread, registers only, on data that is not zero. */
export interface Known {
  readonly name: string;
  readonly float32: number;
  readonly mixed: number | null;
}

interface Processor {
  readonly vendor: string;
  readonly family: number;
  readonly model: number;
  readonly flags: ReadonlySet<string>;
}

/** From docs/performance.md and the project's own measurements of these processors. */
const table: readonly (Known & { readonly is: (p: Processor) => boolean })[] = [
  {
    name: 'Xeon with AMX',
    float32: 0.22e12,
    mixed: 2.5e12,
    is: (p) => p.vendor === 'GenuineIntel' && p.flags.has('amx_bf16'),
  },
  { name: 'AMD Zen 5', float32: 0.28e12, mixed: 0.52e12, is: (p) => p.vendor === 'AuthenticAMD' && p.family === 26 },
  {
    name: 'AMD EPYC, Zen 4',
    float32: 0.118e12,
    mixed: 0.234e12,
    is: (p) => p.vendor === 'AuthenticAMD' && p.family === 25 && p.model === 17,
  },
];

/** A peak further below what is known than this says that something else was running. */
export const tolerated = 0.9;

/** `cpuinfo`: the text of /proc/cpuinfo. Null for a processor that nobody measured. */
export function knownPeaks(cpuinfo: string): Known | null {
  const field = (name: string) => cpuinfo.match(new RegExp(`^${name}\\s*: (.*)$`, 'm'))?.[1] ?? '';
  const processor = {
    vendor: field('vendor_id'),
    family: Number(field('cpu family')),
    model: Number(field('model')),
    flags: new Set(field('flags').split(' ')),
  };
  return table.find(({ is }) => is(processor)) ?? null;
}

/** Those of this machine; null where it does not say what it is. */
export function knownPeaksHere(): Known | null {
  try {
    return knownPeaks(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return null;
  }
}
