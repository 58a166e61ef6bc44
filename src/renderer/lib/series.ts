/** A run's metrics as columns that charts can read, built line by line as they come. */
import type { EvaluationLine, MetricsLine, TrainLine } from '../../shared/metrics.ts';
import { lowerBound } from './downsample.ts';

/** A growing column of numbers. */
export class Column {
  values: Float64Array = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const grown = new Float64Array(this.length * 2);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.length++] = value;
  }

  get last(): number | undefined {
    return this.length > 0 ? this.values[this.length - 1] : undefined;
  }
}

export const trainColumns = ['loss', 'gradientNorm', 'learningRate', 'tokensPerSecond'] as const;
export type TrainColumn = (typeof trainColumns)[number];

type Note = Extract<MetricsLine, { type: 'note' }>;
type PolicyChange = Extract<MetricsLine, { type: 'policy' }>;

export class RunSeries {
  readonly step = new Column();
  readonly seconds = new Column();
  readonly columns: Readonly<Record<TrainColumn, Column>> = {
    loss: new Column(),
    gradientNorm: new Column(),
    learningRate: new Column(),
    tokensPerSecond: new Column(),
  };
  evaluations: EvaluationLine[] = [];
  checkpoints: { step: number; bytes: number }[] = [];
  resumes: { from: number; exact: boolean }[] = [];
  notes: Note[] = [];
  changes: PolicyChange[] = [];
  /** Changes with every line, so views know when to draw again. */
  version = 0;

  /** Adds the next line. A line for a step that is there already replaces it: a step is made once. */
  push(line: MetricsLine): void {
    this.version++;
    switch (line.type) {
      case 'train':
        this.#train(line);
        return;
      case 'evaluation':
        while (this.evaluations.length > 0 && this.evaluations[this.evaluations.length - 1].step >= line.step)
          this.evaluations.pop();
        this.evaluations.push(line);
        return;
      case 'checkpoint':
        this.checkpoints = this.checkpoints.filter((c) => c.step < line.step);
        this.checkpoints.push({ step: line.step, bytes: line.bytes });
        return;
      case 'resume':
        this.#rewind(line.from);
        this.resumes.push({ from: line.from, exact: line.exact });
        return;
      case 'note':
        this.notes.push(line);
        return;
      case 'policy':
        this.changes.push(line);
        return;
      case 'sample':
      case 'device':
    }
  }

  #train(line: TrainLine): void {
    if (line.step <= (this.step.last ?? -1)) this.#cut(line.step);
    this.step.push(line.step);
    this.seconds.push(line.seconds);
    this.columns.loss.push(line.loss ?? Number.NaN);
    this.columns.gradientNorm.push(line.gradientNorm ?? Number.NaN);
    this.columns.learningRate.push(line.learningRate);
    // 0 says that it was not known yet.
    this.columns.tokensPerSecond.push(line.tokensPerSecond > 0 ? line.tokensPerSecond : Number.NaN);
  }

  /** A resume from s: updates from s on are made again, and nothing measured past s stands. */
  #rewind(from: number): void {
    this.#cut(from);
    const stays = ({ step }: { step: number }) => step <= from;
    this.evaluations = this.evaluations.filter(stays);
    this.checkpoints = this.checkpoints.filter(stays);
    this.notes = this.notes.filter(stays);
    this.changes = this.changes.filter(stays);
    this.resumes = this.resumes.filter((resume) => resume.from <= from);
  }

  #cut(step: number): void {
    const length = lowerBound(this.step.values, this.step.length, step);
    for (const column of [this.step, this.seconds, ...Object.values(this.columns)]) column.length = length;
  }
}

/** Where in `buffered` the lines begin that a listing does not hold yet: after its last line, if that was buffered. */
export function firstNewLine(listed: readonly MetricsLine[], buffered: readonly MetricsLine[]): number {
  if (listed.length === 0) return 0;
  const last = JSON.stringify(listed[listed.length - 1]);
  for (let i = buffered.length - 1; i >= 0; i--) if (JSON.stringify(buffered[i]) === last) return i + 1;
  return 0;
}
