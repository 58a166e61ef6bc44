/**
 * Entry of every worker process: one job, told over the pipe at file descriptor 3, then exit.
 * Exit codes: 0 done (stopped included), 1 an error that the user can act on, 70 a defect of ours.
 */
import { Socket } from 'node:net';
import { toApiError, UserError } from '../shared/errors.ts';
import type { Command, JobSpec } from '../shared/jobs.ts';
import { Channel } from './channel.ts';
import { runJob } from './jobs/index.ts';

const pipeDescriptor = 3;
const exitCodes = { done: 0, userError: 1, internal: 70 } as const;

let stop: AbortController | null = null;
let listener: ((command: Command) => void) | null = null;
/** Commands that came before the job could listen. */
const early: Command[] = [];
/** Why the pipe can be trusted no longer. */
let garbled: UserError | null = null;

const channel = new Channel(openPipe(), {
  command: take,
  closed: () => (stop ? stop.abort() : process.exit(exitCodes.done)),
  garbled: (error) => {
    garbled = error;
    if (stop) stop.abort();
    else void fail(error);
  },
});
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => (stop ? stop.abort() : process.exit(exitCodes.done)));
process.on('uncaughtException', (error) => void fail(error));

function openPipe(): Socket {
  try {
    return new Socket({ fd: pipeDescriptor, readable: true, writable: true, allowHalfOpen: true });
  } catch {
    console.error('A worker is started by the application, with a pipe at file descriptor 3; see "meander --help".');
    process.exit(exitCodes.userError);
  }
}

function take(command: Command): void {
  if (command.type === 'start') {
    if (stop) return;
    stop = new AbortController();
    void run(command.job, stop.signal);
  } else if (command.type === 'stop') {
    if (stop) stop.abort();
    else process.exit(exitCodes.done);
  } else if (listener) listener(command);
  else early.push(command);
}

async function run(job: JobSpec, signal: AbortSignal): Promise<void> {
  try {
    const result = await runJob(job, {
      report: (report) => channel.send(report),
      signal,
      onCommand: (next) => {
        listener = next;
        for (const command of early.splice(0)) next(command);
      },
    });
    if (garbled) throw garbled;
    channel.send({ type: 'done', result });
    await channel.close();
    process.exit(exitCodes.done);
  } catch (error) {
    await fail(error);
  }
}

async function fail(error: unknown): Promise<never> {
  // The log is for whoever looks into a defect; a user's own errors say all there is to say.
  if (!(error instanceof UserError)) console.error(error);
  channel.send({ type: 'failed', error: toApiError(error) });
  await channel.close();
  process.exit(error instanceof UserError ? exitCodes.userError : exitCodes.internal);
}
