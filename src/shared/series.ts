/**
 * A run's metrics as columns, built line by line as they come: the application reads files into it, the window charts
 * it. Resumes are applied as they come, so it never holds what was taken back.
 */
import { z } from 'zod';
import { Column, type ColumnKind, lowerBound, type Numbers } from './column.ts';
import {
  checkpointLine,
  deviceLine,
  type EvaluationLine,
  evaluationLine,
  type MetricsLine,
  noteLine,
  pauseLine,
  policyLine,
  resumeLine,
  type SpikeLine,
  spikeLine,
} from './metrics.ts';

/** Per logged update. Loss and norm leave the device as float32, so nothing is lost. */
const trainKinds = {
  step: 'f64',
  seconds: 'f64',
  loss: 'f32',
  gradientNorm: 'f32',
  learningRate: 'f64',
  tokensPerSecond: 'f32',
} as const satisfies Record<string, ColumnKind>;
/** Per look at the machine. */
const systemKinds = {
  step: 'f64',
  seconds: 'f64',
  load: 'f32',
  workerLoad: 'f32',
  memory: 'f64',
  freeDisk: 'f64',
  temperature: 'f32',
} as const satisfies Record<string, ColumnKind>;

export type TrainKey = keyof typeof trainKinds;
export type SystemKey = keyof typeof systemKinds;
export type Columns<K extends string> = Readonly<Record<K, Column>>;

/** What has too few lines, or too much in one, for columns. */
const few = z.object({
  evaluations: z.array(evaluationLine),
  checkpoints: z.array(checkpointLine),
  resumes: z.array(resumeLine),
  pauses: z.array(pauseLine),
  notes: z.array(noteLine),
  changes: z.array(policyLine),
  devices: z.array(deviceLine),
  spikes: z.array(spikeLine),
});

const columnsOf = z.custom<Record<string, Numbers>>((value) => typeof value === 'object' && value !== null);

/** A series on its way through a door: typed columns, which travel as bytes (shared/frames.ts), and the few others. */
export const seriesData = few.extend({ columns: columnsOf, reached: z.number().int().nonnegative() });
export type SeriesData = z.infer<typeof seriesData>;

const make = <K extends string>(
  kinds: Readonly<Record<K, ColumnKind>>,
  prefix: string,
  from?: SeriesData['columns'],
): Columns<K> =>
  Object.fromEntries(
    Object.entries<ColumnKind>(kinds).map(([key, kind]) => [key, new Column(kind, from?.[`${prefix}.${key}`])]),
  ) as unknown as Columns<K>;

export class RunSeries {
  readonly train: Columns<TrainKey>;
  readonly system: Columns<SystemKey>;
  evaluations: EvaluationLine[];
  checkpoints: z.infer<typeof checkpointLine>[];
  resumes: z.infer<typeof resumeLine>[];
  pauses: z.infer<typeof pauseLine>[];
  notes: z.infer<typeof noteLine>[];
  changes: z.infer<typeof policyLine>[];
  devices: z.infer<typeof deviceLine>[];
  spikes: SpikeLine[];
  /** Updates made so far, as far as the lines tell. */
  reached: number;
  /** Changes with every line, so views know when to draw again. */
  version = 0;

  /** From what a door brought; its arrays are taken over. */
  constructor(data?: SeriesData) {
    this.train = make(trainKinds, 'train', data?.columns);
    this.system = make(systemKinds, 'system', data?.columns);
    this.evaluations = data?.evaluations ?? [];
    this.checkpoints = data?.checkpoints ?? [];
    this.resumes = data?.resumes ?? [];
    this.pauses = data?.pauses ?? [];
    this.notes = data?.notes ?? [];
    this.changes = data?.changes ?? [];
    this.devices = data?.devices ?? [];
    this.spikes = data?.spikes ?? [];
    this.reached = data?.reached ?? 0;
  }

  /** Everything so far, in memory of its own. */
  data(): SeriesData {
    const columns: Record<string, Numbers> = {};
    for (const [key, column] of Object.entries(this.train)) columns[`train.${key}`] = column.copy();
    for (const [key, column] of Object.entries(this.system)) columns[`system.${key}`] = column.copy();
    const { evaluations, checkpoints, resumes, pauses, notes, changes, devices, spikes, reached } = this;
    return { columns, evaluations, checkpoints, resumes, pauses, notes, changes, devices, spikes, reached };
  }

  /**
   * Adds the next line. What is there already is replaced: a step is made once. So lines that a listing holds may
   * come again from some line on to the last, as they do where a listing and live lines meet, and change nothing.
   */
  push(line: MetricsLine): void {
    if (line.type === 'train') {
      const nan = Number.NaN;
      const { step, seconds, loss, gradientNorm, learningRate, tokensPerSecond } = line;
      this.pushTrain(step, seconds, loss ?? nan, gradientNorm ?? nan, learningRate, tokensPerSecond);
      return;
    }
    this.version++;
    this.reached = line.type === 'resume' ? line.from : Math.max(this.reached, line.step);
    switch (line.type) {
      case 'evaluation':
        while (this.evaluations.length > 0 && this.evaluations[this.evaluations.length - 1].step >= line.step)
          this.evaluations.pop();
        this.evaluations.push(line);
        return;
      case 'checkpoint':
        this.checkpoints = [...this.checkpoints.filter((c) => c.step < line.step), line];
        return;
      case 'resume':
        this.#rewind(line.from);
        this.resumes = [...this.resumes.filter((resume) => resume.from < line.from), line];
        return;
      case 'pause':
        this.pauses = [...this.pauses.filter((p) => p.step < line.step), line];
        return;
      case 'note':
        this.notes = [...this.notes.filter((n) => n.step !== line.step || n.text !== line.text), line];
        return;
      case 'policy':
        this.changes = [
          ...this.changes.filter((c) => c.step !== line.step || c.id !== line.id || c.change !== line.change),
          line,
        ];
        return;
      case 'device':
        this.devices = [...this.devices.filter((d) => d.step < line.step), line];
        return;
      case 'spike':
        this.spikes = [...this.spikes.filter((spike) => spike.step < line.step), line];
        return;
      case 'system':
        this.#system(line);
        return;
      case 'sample':
    }
  }

  /** A train line by its numbers, NaN for what is not finite: files of a million of them make no objects. */
  pushTrain(
    step: number,
    seconds: number,
    loss: number,
    gradientNorm: number,
    learningRate: number,
    tokensPerSecond: number,
  ): void {
    const { train } = this;
    this.version++;
    if (step <= (train.step.last ?? -1)) cut(train, lowerBound(train.step.values, train.step.length, step));
    train.step.push(step);
    train.seconds.push(seconds);
    train.loss.push(loss);
    train.gradientNorm.push(gradientNorm);
    train.learningRate.push(learningRate);
    // 0 says that it was not known yet.
    train.tokensPerSecond.push(tokensPerSecond > 0 ? tokensPerSecond : Number.NaN);
    if (step >= this.reached) this.reached = step + 1;
  }

  #system(line: Extract<MetricsLine, { type: 'system' }>): void {
    const { system } = this;
    // Several looks may fall on one step, and are told apart by their time.
    let length = system.step.length;
    while (
      length > 0 &&
      (system.step.values[length - 1] > line.step || system.seconds.values[length - 1] >= line.seconds)
    )
      length--;
    cut(system, length);
    for (const key of Object.keys(systemKinds) as SystemKey[]) system[key].push(line[key] ?? Number.NaN);
  }

  /** A resume from s: updates from s on are made again, and nothing measured past s stands. */
  #rewind(from: number): void {
    const { train, system } = this;
    cut(train, lowerBound(train.step.values, train.step.length, from));
    cut(system, lowerBound(system.step.values, system.step.length, from + 1));
    const stays = ({ step }: { step: number }) => step <= from;
    this.evaluations = this.evaluations.filter(stays);
    this.checkpoints = this.checkpoints.filter(stays);
    this.pauses = this.pauses.filter(stays);
    this.notes = this.notes.filter(stays);
    this.changes = this.changes.filter(stays);
    this.devices = this.devices.filter(stays);
    // A spike's update is made again from its own step on.
    this.spikes = this.spikes.filter(({ step }) => step < from);
  }
}

function cut(columns: Readonly<Record<string, Column>>, length: number): void {
  for (const column of Object.values(columns)) column.cut(length);
}
