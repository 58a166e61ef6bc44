/** What every job is given by whoever runs it: a worker process, a test, a script. */
import type { Command, Report } from '../../shared/jobs.ts';

export interface JobHooks {
  report(report: Report): void;
  /** Aborted when the job should end as soon as its state is safe: a stop, a signal, a closed pipe. */
  readonly signal: AbortSignal;
  /** Takes the commands that come while the job runs; `stop` comes through the signal. */
  onCommand(listener: (command: Command) => void): void;
}
