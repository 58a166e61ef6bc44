/**
 * A worker without an engine: a training run of as many logged steps as its configuration says, as fast as a window is
 * expected to keep up with, with evaluations of three averages and a progress report ten times a second.
 */
import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Command, Report } from '../../src/shared/jobs.ts';
import type { MetricsLine } from '../../src/shared/metrics.ts';
import { evaluationAt, trainAt } from './lines.ts';

/** Steps told at once, and milliseconds between. */
const stepsAtOnce = 100;
const pause = 12;

const pipe = new Socket({ fd: 3, readable: true, writable: true });
const say = (report: Report): boolean => pipe.write(`${JSON.stringify(report)}\n`);
const end = (report: Report): void => {
  pipe.end(`${JSON.stringify(report)}\n`, () => process.exit(0));
};

createInterface({ input: pipe })
  .on('line', (line) => {
    const command = JSON.parse(line) as Command;
    if (command.type === 'stop') process.exit(0);
    if (command.type !== 'start') return;
    if (command.job.kind === 'train') train(command.job.folder, command.job.config.steps);
    else end({ type: 'failed', error: { code: 'not-here', message: command.job.kind, next: '' } });
  })
  .on('close', () => process.exit(0));
say({ type: 'hello', version: 1, pid: process.pid });

function train(folder: string, steps: number): void {
  let step = 0;
  const timer = setInterval(() => {
    const lines: MetricsLine[] = [];
    for (const until = Math.min(steps, step + stepsAtOnce); step < until; step++) {
      if (step % 1000 === 0) lines.push(evaluationAt(step, steps));
      lines.push(trainAt(step, steps));
    }
    appendFileSync(join(folder, 'metrics.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    for (const line of lines) say({ type: 'metrics', line });
    const rest = { unit: 'steps', rate: 27_000, secondsLeft: 1, reason: null } as const;
    say({ type: 'progress', progress: { phase: 'training', done: step, total: steps, ...rest } });
    if (step < steps) return;
    clearInterval(timer);
    end({ type: 'done', result: { outcome: 'finished', step } });
  }, pause);
}
