/** A scratch home with an application over fake workers, for tests. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AppEvent, Job, RunSummary } from '../../shared/api.ts';
import { type RunConfig, runConfig } from '../../shared/config.ts';
import { type Application, openApplication } from '../application.ts';
import { caller } from '../dispatcher.ts';
import { locate, type Parts } from '../locate.ts';
import { settingsService } from '../settings.ts';

export function fakeParts(): Parts {
  return { ...locate(), worker: fileURLToPath(new URL('./fake-worker.ts', import.meta.url)) };
}

export function memorySettings(folder: string, home: string, environment: NodeJS.ProcessEnv = {}) {
  const store: Record<string, unknown> = { home };
  const set = (values: Record<string, unknown>): void => void Object.assign(store, values);
  return settingsService({ path: join(folder, 'settings.json'), store, set }, environment);
}

export async function scratch(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'meander-app-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }) };
}

export interface Fixture {
  readonly application: Application;
  readonly call: ReturnType<typeof caller>;
  readonly events: AppEvent[];
  /** Resolves with the first event, past or to come, that fits. */
  until<T extends AppEvent>(fits: (event: AppEvent) => event is T): Promise<T>;
  jobIs(subject: string, status: Job['status']): Promise<Job>;
}

/** Opens the application over <folder>/home; may be opened again over the same folder. */
export async function openFixture(folder: string): Promise<Fixture> {
  const application = await openApplication({
    parts: fakeParts(),
    settings: memorySettings(join(folder, 'settings'), join(folder, 'home')),
    host: { capabilities: { paths: true, upload: true, dialogs: false, reveal: false } },
    onDefect: (error) => {
      throw error;
    },
  });
  const events: AppEvent[] = [];
  const waiting = new Set<() => void>();
  application.subscribe((event) => {
    events.push(event);
    for (const look of waiting) look();
  });
  const until = <T extends AppEvent>(fits: (event: AppEvent) => event is T): Promise<T> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = events.find(fits);
        if (!found) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return {
    application,
    call: caller(application.dispatch),
    events,
    until,
    async jobIs(subject, status) {
      const isIt = (event: AppEvent): event is Extract<AppEvent, { type: 'job' }> =>
        event.type === 'job' && event.job.subject === subject && event.job.status === status;
      const { job } = await until(isIt);
      // An event that was waited for is not found a second time.
      events.splice(0, events.findIndex(isIt) + 1);
      return job;
    },
  };
}

/** A dataset as a preparation leaves it. */
export async function prepared({ call, jobIs }: Fixture, folder: string, name = 'text'): Promise<string> {
  const source = join(folder, 'source.txt');
  await mkdir(folder, { recursive: true });
  await writeFile(source, 'text');
  await call('datasets.prepare', { name, sources: [source] });
  await jobIs(name, 'finished');
  return join(folder, 'home/datasets', name);
}

export function tinyRun(name: string, dataset: string, change: Partial<RunConfig> = {}): RunConfig {
  return runConfig.parse({
    name,
    dataset,
    steps: 20,
    model: { blockSize: 2, vocabSize: 256, layers: 1, heads: 1, width: 4 },
    batch: { microBatch: 1 },
    schedule: { kind: 'constant', peak: 1e-3 },
    evaluation: { every: 10 },
    checkpoints: { every: 10 },
    ...change,
  });
}

/** A run that trains until it is told to stop. */
export function endlessRun(name: string, dataset: string): RunConfig {
  return tinyRun(name, dataset, { steps: 1_000_000 });
}

export type { RunSummary };
