/** Text from written models, each by a worker of its own, told piece by piece under the model's path. */
import type { AppEvent } from '../shared/api.ts';
import type { SampleOptions } from '../shared/jobs.ts';
import type { ActiveJob, Supervisor } from './supervisor.ts';

export class ModelSamples {
  readonly #supervisor: Supervisor;
  readonly #emit: (event: AppEvent) => void;
  readonly #active = new Set<{ readonly path: string; readonly job: ActiveJob }>();

  constructor(supervisor: Supervisor, emit: (event: AppEvent) => void) {
    this.#supervisor = supervisor;
    this.#emit = emit;
  }

  async sample(path: string, options: SampleOptions): Promise<string> {
    const job = this.#supervisor.start({
      kind: 'sample',
      subject: path,
      spec: { kind: 'sample-model', path, options },
      onReport: (report) => {
        if (report.type === 'text')
          this.#emit({ type: 'text', run: path, of: path, piece: report.piece, done: report.done });
      },
    });
    const sample = { path, job };
    this.#active.add(sample);
    try {
      return (await job.result).text ?? '';
    } finally {
      this.#active.delete(sample);
    }
  }

  /** Ends it between two tokens; its caller gets what was written. */
  stop(path: string): void {
    for (const sample of this.#active) if (sample.path === path) sample.job.stop();
  }

  uses(path: string): boolean {
    return [...this.#active].some((sample) => sample.path === path);
  }
}
