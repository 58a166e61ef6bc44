/** Runs one job in a worker process, with progress on the terminal; Ctrl-C stops it where it can continue. */
import path from 'node:path';
import { locate } from '../app/locate.ts';
import { openSettings } from '../app/settings.ts';
import { WorkerProcess } from '../app/worker-process.ts';
import type { JobResult, JobSpec, Report } from '../shared/jobs.ts';
import type { Arguments } from './command.ts';
import { ProgressLine, tell } from './terminal.ts';

/** Folder that holds runs/ and datasets/. */
export function homeOf(args: Arguments): string {
  const given = args.text('home');
  return given === null ? openSettings().get().home : path.resolve(given);
}

/** Milliseconds that a worker gets to save after the user has asked twice. */
const patience = 30_000;

export interface JobHooks {
  readonly onReport?: (report: Report) => void;
  /** Do not say on which device it runs. */
  readonly quiet?: boolean;
}

/** @throws UserError when the job failed or its worker died. */
export async function jobWithProgress(job: JobSpec, label: string, hooks: JobHooks = {}): Promise<JobResult> {
  const line = new ProgressLine(label);
  let loss: number | null = null;
  const worker = new WorkerProcess({
    parts: locate(),
    job,
    onReport(report) {
      if (report.type === 'metrics' && report.line.type === 'train') loss = report.line.loss;
      else if (report.type === 'metrics' && report.line.type === 'note' && report.line.level !== 'info') {
        line.end();
        tell(`step ${report.line.step}: ${report.line.text}`);
      } else if (report.type === 'device' && !hooks.quiet)
        tell(`${report.device}, ${report.family}, ${report.threads} threads (${report.why})`);
      else if (report.type === 'progress') line.update(report.progress, loss);
      hooks.onReport?.(report);
    },
    onOutput: process.env.MEANDER_VERBOSE ? (chunk) => process.stderr.write(chunk) : undefined,
  });
  let asked = false;
  const stop = (): void => {
    if (asked) void worker.close(patience);
    else tell('\nStopping: the step is finished and saved. Once more to end at once.');
    asked = true;
    worker.send({ type: 'stop' });
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    return await worker.result;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    line.end();
  }
}
