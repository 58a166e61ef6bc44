import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Queue, type QueueOptions } from './queue.ts';
import { newJob } from './supervisor.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meander-queue-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (options: Partial<QueueOptions> = {}): Promise<Queue> =>
  Queue.open({
    path: join(folder, 'queue.json'),
    emit: () => {},
    // Never ends.
    start: () => new Promise(() => {}),
    ...options,
  });
const owner = JSON.stringify({ pid: 4_000_000, started: null, host: hostname() });
const entries = (states: [string, string][]): string =>
  JSON.stringify({ schema: 1, owner, entries: states.map(([run, state]) => ({ state, job: newJob('train', run) })) });

test('a run that trained when the application died is interrupted, not restarted; the next one starts', async () => {
  await writeFile(
    join(folder, 'queue.json'),
    entries([
      ['first', 'running'],
      ['second', 'queued'],
    ]),
  );
  const started: string[] = [];
  const start = (run: string): Promise<never> => {
    started.push(run);
    return new Promise(() => {});
  };
  const queue = await open({ start });
  expect(queue.stateOf('first')?.state).toBe('interrupted');
  expect(started).toEqual([]);
  queue.begin();
  expect(started).toEqual(['second']);
});

test('the queue of an application that still lives is left alone', async () => {
  const content = entries([
    ['first', 'running'],
    ['second', 'queued'],
  ]);
  await writeFile(join(folder, 'queue.json'), content);
  const queue = await open({ isAlive: async () => true });
  queue.begin();
  queue.enqueue('third');
  await queue.close();
  expect(queue.stateOf('second')).toBeNull();
  expect(await readFile(join(folder, 'queue.json'), 'utf8')).toBe(content);
});

test('it is taken over once that application has ended, with what waits in it', async () => {
  await writeFile(
    join(folder, 'queue.json'),
    entries([
      ['first', 'running'],
      ['second', 'queued'],
    ]),
  );
  let alive = true;
  const queue = await open({ isAlive: async () => alive });
  alive = false;
  queue.enqueue('third');
  await vi.waitFor(() => expect(queue.stateOf('first')?.state).toBe('interrupted'));
  expect(queue.waiting.map((job) => job.subject)).toEqual(['second']);
  await queue.close();
  const again = await open();
  expect(['first', 'second', 'third'].map((run) => again.stateOf(run)?.state)).toEqual([
    'interrupted',
    'queued',
    'interrupted',
  ]);
});

test('a garbled file is no queue', async () => {
  await writeFile(join(folder, 'queue.json'), '{"schema":1,');
  expect((await open()).waiting).toEqual([]);
});

test('a stop that comes while the worker is being started is not lost', async () => {
  const stop = vi.fn();
  let started!: (active: never) => void;
  const queue = await open({ start: () => new Promise((resolve) => (started = resolve)) });
  queue.enqueue('run');
  expect(queue.stop('run')).toBe(true);
  expect(stop).not.toHaveBeenCalled();
  started({ job: newJob('train', 'run'), result: new Promise(() => {}), stop } as never);
  await vi.waitFor(() => expect(stop).toHaveBeenCalledOnce());
});
