/** Runs one job in a worker process, with progress on the terminal; Ctrl-C stops it where it can continue. */
import path from 'node:path';
import { locate } from '../app/locate.ts';
import { checkpointSteps } from '../app/run-files.ts';
import { openSettings } from '../app/settings.ts';
import { WorkerProcess } from '../app/worker-process.ts';
import type { JobResult, JobSpec, Report } from '../shared/jobs.ts';
import type { Arguments } from './command.ts';
import { ProgressLine, tell } from './terminal.ts';

/** Folder that holds runs/ and datasets/. */
export function homeOf(args: Arguments): string {
  // Settings want a folder of their own that can be written; a folder that is named needs none.
  const given = args.text('home') ?? (process.env.MEANDER_HOME || null);
  return given === null ? openSettings().get().home : path.resolve(given);
}

/** What Settings say to workers; nothing where they have no folder that can be written. */
function chosen(): { tensorflow: string | null; measured: string } | null {
  try {
    const settings = openSettings();
    return { tensorflow: settings.get().tensorflow, measured: settings.folder };
  } catch {
    return null;
  }
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
  let waiting = false;
  /** Whether the user has asked it to stop. */
  let asked = false;
  let newest = job.kind === 'train' ? ((await checkpointSteps(job.folder)).at(-1) ?? null) : null;
  const worker = new WorkerProcess({
    parts: locate(),
    ...chosen(),
    job,
    resumeStep: () => newest,
    onReport(report) {
      if (report.type === 'metrics' && report.line.type === 'checkpoint') newest = report.line.step;
      if (report.type === 'metrics' && report.line.type === 'train') loss = report.line.loss;
      else if (report.type === 'metrics' && report.line.type === 'note' && report.line.level !== 'info') {
        line.end();
        tell(`step ${report.line.step}: ${report.line.text}`);
      } else if (report.type === 'device' && !hooks.quiet)
        tell(`${report.device}, ${report.family}, ${report.threads} threads (${report.why})`);
      else if (report.type === 'progress') {
        const { reason } = report.progress;
        // Told once, when the wait begins: the amount that is free may change with every look at the disk.
        if (reason !== null && !waiting) {
          line.end();
          tell(`Paused: ${reason} It tries by itself every few seconds; Ctrl-C ends it.`);
        } else if (reason === null && waiting && !asked) tell('There is room again: it goes on.');
        waiting = reason !== null;
        line.update(report.progress, loss);
      }
      hooks.onReport?.(report);
    },
    onOutput: process.env.MEANDER_VERBOSE ? (chunk) => process.stderr.write(chunk) : undefined,
  });
  const stop = (): void => {
    if (asked) void worker.close(patience);
    else if (job.kind === 'train') tell('\nStopping: the step is finished and saved. Once more to end at once.');
    else tell('\nStopping …');
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
