/**
 * Lines of a run's metrics.jsonl. Append-only; a `resume` line makes readers drop earlier lines
 * whose step is past `from`. A loss carries the step of the weights that were measured.
 */
import { z } from 'zod';

const step = z.number().int().nonnegative();
/** Seconds of training so far, pauses excluded. */
const seconds = z.number();
/** JSON has no NaN or infinity: null stands for a value that is not finite. */
const value = z.number().nullable();

/** The update from step to step + 1. */
export const trainLine = z.object({
  type: z.literal('train'),
  step,
  seconds,
  /** Mean loss over the batch, nats per token, of the weights at `step`. */
  loss: value,
  /** Global norm of the mean gradient before clipping. */
  gradientNorm: value,
  learningRate: z.number(),
  tokensPerSecond: z.number(),
  /** True when the gradient was not finite and the update was left out. */
  skipped: z.boolean().optional(),
});
/** One average beside the raw weights, on the same blocks. */
export const averageEvaluation = z.object({
  loss: value,
  /** Average minus raw; negative is better. */
  difference: value,
  /** Paired standard error of the difference over blocks. */
  standardError: value,
  /** Observations in the average. */
  count: z.number().int(),
  /** False while a LAWA window is filling. */
  full: z.boolean(),
});
export const evaluationLine = z.object({
  type: z.literal('evaluation'),
  step,
  seconds,
  raw: value,
  /** Standard error of the raw loss itself over blocks. */
  rawStandardError: value,
  blocks: z.number().int(),
  averages: z.record(z.string(), averageEvaluation),
  /** Of a mix: losses on each other dataset's own blocks, of 'raw' and of averages, by the dataset's id. */
  others: z.record(z.string(), z.record(z.string(), value)).optional(),
  /** Seconds that this evaluation took. */
  took: z.number(),
});
export const sampleLine = z.object({
  type: z.literal('sample'),
  step,
  /** 'raw' or a policy's id. */
  of: z.string(),
  prompt: z.string(),
  text: z.string(),
});
export const checkpointLine = z.object({ type: z.literal('checkpoint'), step, bytes: z.number() });
export const resumeLine = z.object({
  type: z.literal('resume'),
  from: step,
  /** False when the numerics differ from the ones the checkpoint was made with. */
  exact: z.boolean(),
});
export const noteLine = z.object({
  type: z.literal('note'),
  step,
  level: z.enum(['info', 'warning', 'error']),
  text: z.string(),
});
/** A policy was added or removed while the run went on; backfilled: from kept checkpoints. */
export const policyLine = z.object({
  type: z.literal('policy'),
  step,
  id: z.string(),
  change: z.enum(['added', 'removed']),
  backfilled: z.boolean().default(false),
});
/** What the run computes on from this step; written whenever it starts or goes on. */
export const deviceLine = z.object({
  type: z.literal('device'),
  step,
  backend: z.string(),
  /** Processor or adapter, as the system calls it. */
  device: z.string(),
  /** Kernel family in words. */
  family: z.string(),
  threads: z.number().int(),
  /** Float32 operations per second of a loop in registers on all threads, measured then; null where it cannot be. */
  peak: value.optional(),
});
/** The run went on after a pause, or was stopped in it. */
export const pauseLine = z.object({
  type: z.literal('pause'),
  step,
  /** Seconds by the clock on the wall that it stood still. */
  waited: z.number(),
});
/** What the machine had to carry, looked at now and then while the run trains; null where it cannot be told. */
export const systemLine = z.object({
  type: z.literal('system'),
  step,
  seconds,
  /** Share of all processors that were busy, with whatever. */
  load: value,
  /** Share of all processors that this run's worker kept busy. */
  workerLoad: value,
  /** Bytes of memory that the worker holds. */
  memory: value,
  /** Bytes free for the user where the run lies. */
  freeDisk: value,
  /** Of the processor, in degrees Celsius. */
  temperature: value,
});
/** The training loss jumped; docs/conventions.md says when. */
export const spikeLine = z.object({
  type: z.literal('spike'),
  /** The update whose loss made it a spike, as in a training line. */
  step,
  /** First step of it: the loss of these weights was above the limit. */
  onset: step,
  loss: value,
  limit: value,
  /** Newest snapshots from before the onset, oldest first, that are kept for a rescue; none: none were there. */
  snapshots: z.array(step),
});
export const metricsLine = z.discriminatedUnion('type', [
  trainLine,
  evaluationLine,
  sampleLine,
  checkpointLine,
  resumeLine,
  noteLine,
  policyLine,
  deviceLine,
  spikeLine,
  pauseLine,
  systemLine,
]);
export type TrainLine = z.infer<typeof trainLine>;
export type AverageEvaluation = z.infer<typeof averageEvaluation>;
export type EvaluationLine = z.infer<typeof evaluationLine>;
export type DeviceLine = z.infer<typeof deviceLine>;
export type SpikeLine = z.infer<typeof spikeLine>;
export type SystemLine = z.infer<typeof systemLine>;
export type MetricsLine = z.infer<typeof metricsLine>;

/** One line of metrics.jsonl, or null for a torn or foreign one. */
export function parseMetricsLine(text: string): MetricsLine | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = metricsLine.safeParse(json);
  return parsed.success ? parsed.data : null;
}

/** The weights that a line speaks of, in updates: a training line's or a spike's update ends one step later. */
function reach(line: MetricsLine): number {
  if (line.type === 'train' || line.type === 'spike') return line.step + 1;
  return line.type === 'resume' ? line.from : line.step;
}

/**
 * Lines as readers see them: a resume from s drops every earlier line past s, the update s → s + 1
 * included, since it is made again. The resume lines themselves stay, as markers.
 */
export function applyResumes(lines: Iterable<MetricsLine>): MetricsLine[] {
  const kept: MetricsLine[] = [];
  for (const line of lines) pushMetricsLine(kept, line);
  return kept;
}

/** Adds the next line of the file to lines that were read so far, in place. */
export function pushMetricsLine(kept: MetricsLine[], line: MetricsLine): void {
  if (line.type === 'resume') {
    let length = 0;
    for (const earlier of kept) if (reach(earlier) <= line.from) kept[length++] = earlier;
    kept.length = length;
  }
  kept.push(line);
}
