/** How fast this machine trains a configuration, for "fit to my time" and for what a run will take. */
import type { SpeedProbe } from '../shared/api.ts';
import type { RunConfig } from '../shared/config.ts';
import { UserError } from '../shared/errors.ts';
import { fitToTime, runTime } from '../shared/fit.ts';
import type { JobResult, JobSpec, Report } from '../shared/jobs.ts';
import type { Settings } from '../shared/settings.ts';
import { deviceOf } from './settings.ts';

const probeSeconds = 5;

export interface ProberOptions {
  /** Runs the job in a worker. */
  readonly run: (spec: JobSpec, onReport: (report: Report) => void) => Promise<JobResult>;
  readonly settings: () => Settings;
  /** Names of the runs that train now. */
  readonly training: () => string[];
}

export class Prober {
  readonly #options: ProberOptions;
  /** Ends when the newest probe does: two at a time would measure each other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** @throws UserError when the device is not there, or has no room for the model */
  probe(config: RunConfig, hours: number | null): Promise<SpeedProbe> {
    const mine = this.#last.then(() => this.#measure(config, hours));
    this.#last = mine.catch(() => {});
    return mine;
  }

  async #measure(config: RunConfig, hours: number | null): Promise<SpeedProbe> {
    const { run, settings, training } = this.#options;
    const beside = new Set(training());
    let device: SpeedProbe['device'] | null = null;
    const asked = { ...config, device: deviceOf(config.device, settings()) };
    const { probe } = await run({ kind: 'probe', config: asked, seconds: probeSeconds }, (report) => {
      if (report.type === 'device') {
        const { type: _type, ...used } = report;
        device = used;
      }
    });
    if (!probe || !device) throw new UserError('no-result', 'The measurement ended without a result.', 'Try again.');
    for (const name of training()) beside.add(name);
    const time = runTime(config, probe);
    return {
      ...probe,
      device,
      run: time,
      evaluationShare: time.evaluating / time.total,
      beside: [...beside],
      fitted: hours === null ? null : fitToTime(config, probe, hours),
    };
  }
}
