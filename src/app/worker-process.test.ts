import { afterEach, expect, test, vi } from 'vitest';
import type { Report } from '../shared/jobs.ts';
import { fakeParts, scratch, tinyRun } from './testing/fixture.ts';
import { type WorkerOptions, WorkerProcess } from './worker-process.ts';

afterEach(() => vi.unstubAllEnvs());
const scan = { kind: 'scan' as const, sources: ['a', 'b'] };
const start = (options: Partial<WorkerOptions> = {}): WorkerProcess =>
  new WorkerProcess({ parts: fakeParts(), job: scan, ...options });

test('starts a job and brings its result', async () => {
  await expect(start().result).resolves.toMatchObject({ outcome: 'finished', report: { fileCount: 2 } });
});

test.each([
  ['failed', 'too-bad', 'It is too bad.'],
  ['exit', 'worker-died', /code 3 .*\n.*out of luck/s],
  ['no JSON', 'worker-broken', /no JSON/],
  ['other version', 'worker-broken', /version 99/],
  ['unknown message', 'worker-broken', /not in the protocol \(dance\)/],
])('a worker that does this is described: %s', async (misbehaviour, code, message) => {
  vi.stubEnv('MEANDER_FAKE_WORKER', misbehaviour);
  await expect(start().result).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('a worker that never says hello is ended', async () => {
  vi.stubEnv('MEANDER_FAKE_WORKER', 'silent');
  await expect(start({ helloTimeout: 400 }).result).rejects.toMatchObject({ code: 'worker-broken' });
});

test('a Node that is not there', async () => {
  const parts = { ...fakeParts(), node: '/nowhere/node' };
  await expect(start({ parts }).result).rejects.toMatchObject({ code: 'worker-missing' });
});

test('a stop that overtakes the job waits for it', async () => {
  const { folder, remove } = await scratch();
  const job = { kind: 'train' as const, folder, config: tinyRun('run', folder, { steps: 1e6 }), resume: false };
  const worker = start({ job });
  worker.send({ type: 'stop' });
  await expect(worker.result).resolves.toMatchObject({ outcome: 'stopped', step: 0 });
  await remove();
});

test('a killed worker names the signal and the step to resume from; a closed pipe lets it save', async () => {
  const { folder, remove } = await scratch();
  const job = { kind: 'train' as const, folder, config: tinyRun('run', folder, { steps: 1e6 }), resume: false };
  let newest: number | null = null;
  const watch = (stepped: () => void) => (report: Report) => {
    if (report.type !== 'metrics' || report.line.type !== 'checkpoint') return;
    newest = report.line.step;
    stepped();
  };
  let worker!: WorkerProcess;
  await new Promise<void>((stepped) => {
    worker = start({ job, onReport: watch(stepped), resumeStep: () => newest });
  });
  process.kill(worker.pid!, 'SIGKILL');
  await expect(worker.result).rejects.toMatchObject({
    code: 'worker-killed',
    message: expect.stringContaining('SIGKILL'),
    next: `Resume to continue from step ${newest}.`,
  });

  await new Promise<void>((stepped) => {
    worker = start({ job: { ...job, resume: true }, onReport: watch(stepped) });
  });
  await worker.close(10_000);
  await expect(worker.result).resolves.toMatchObject({ outcome: 'stopped' });
  await remove();
});
