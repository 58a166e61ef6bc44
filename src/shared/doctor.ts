/** What this machine has and can do, what is missing and how to mend it; and the same as text. */
import { z } from 'zod';
import { doctorResult } from './jobs.ts';

export const doctorReport = doctorResult.extend({
  version: z.string(),
  /** How this Meander was put here. */
  kind: z.enum(['packaged', 'source', 'built']),
  /** Version of the Node that workers run under. */
  node: z.string(),
  platform: z.string(),
  arch: z.string(),
  /** Of the system, as it says itself. */
  release: z.string(),
  processor: z.string(),
  /** Logical ones that this process may use. */
  processors: z.number().int(),
  /** Bytes. */
  memory: z.number(),
  freeMemory: z.number(),
  home: z.string(),
  freeDisk: z.number().nullable(),
  /** Path of the native engine; null where it is not built. */
  addon: z.string().nullable(),
  /** Nothing here: all is well. */
  problems: z.array(z.object({ what: z.string(), next: z.string() })),
});
export type DoctorReport = z.infer<typeof doctorReport>;

/**
 * Lines for a terminal or a bug report.
 * @param bytes how bytes are written
 */
export function doctorText(report: DoctorReport, bytes: (n: number) => string): string {
  const rows: [string, string][] = [
    ['Meander', `${report.version} (${report.kind})`],
    ['System', `${report.platform} ${report.arch}, ${report.release}`],
    ['Processor', `${report.processor}, ${report.processors} logical`],
    ['Memory', `${bytes(report.memory)}, ${bytes(report.freeMemory)} free`],
    ['Data', `${report.home}${report.freeDisk === null ? '' : `, ${bytes(report.freeDisk)} free`}`],
    ['Node', report.node],
    ['Addon', report.addon ?? 'not built'],
    ...report.backends.map((b): [string, string] => [
      `Engine ${b.name}`,
      b.works
        ? [
            b.gflops === null
              ? null
              : `${b.gflops.toFixed(1)}${b.peak === null ? '' : ` of ${b.peak.toFixed(0)}`} GFLOP/s`,
            b.threads === null ? null : `${b.threads} ${b.threads === 1 ? 'thread' : 'threads'}`,
            b.device,
            b.family,
          ]
            .filter((part) => part !== null)
            .join(', ')
        : `${b.problem === undefined ? (b.name === 'webgpu' ? 'no card' : 'not installed') : 'does not work'}: ${b.text}`,
    ]),
  ];
  for (const adapter of report.adapters)
    rows.push([
      'Adapter',
      [
        adapter.software ? `${adapter.name} (computes on the processor)` : adapter.name,
        adapter.driver,
        `${bytes(adapter.bufferBytes)} in one buffer, ${bytes(adapter.bindingBytes)} in one binding`,
        adapter.features.length > 0 ? `has ${adapter.features.join(', ')}` : null,
        adapter.lacks.length > 0 ? `lacks ${adapter.lacks.join(', ')}` : null,
      ]
        .filter(Boolean)
        .join('; '),
    ]);
  if (report.bandwidth !== null) rows.push(['Bandwidth', `${report.bandwidth.toFixed(1)} GB/s read`]);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  const problems = report.problems.flatMap(({ what, next }) => [`! ${what}`, `  ${next}`]);
  return [
    ...lines,
    '',
    `Runs use ${report.why}.`,
    '',
    ...(problems.length > 0 ? problems : ['Nothing is missing.']),
  ].join('\n');
}
