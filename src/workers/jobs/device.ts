/** The backend a job computes on. */
import type { Backend, BackendName } from '../../engine/backends/backend.ts';
import { openBackend } from '../../engine/backends/select.ts';
import { UserError } from '../../engine/errors.ts';
import type { RunConfig } from '../../shared/config.ts';
import type { JobHooks } from './job.ts';
import { engineRace } from './race.ts';

type Opened = Awaited<ReturnType<typeof openBackend>>;

/** Opens the device of a configuration for the time of `work` and says which it is and why. */
export async function withDevice<T>(
  device: RunConfig['device'],
  hooks: Pick<JobHooks, 'report'>,
  work: (backend: Backend) => Promise<T>,
): Promise<T> {
  return withOpened(await openBackend(device.backend, device), hooks, work);
}

/**
 * As `withDevice`, for training: `auto` keeps to the engine that the run began on (`before`, null: none yet) while
 * that loads, since another would end its being bit-exact; else it is whichever trains this model fastest.
 */
export async function withTrainingDevice<T>(
  config: RunConfig,
  before: BackendName | null,
  hooks: Pick<JobHooks, 'report'>,
  work: (backend: Backend) => Promise<T>,
): Promise<T> {
  return withOpened(await openForTraining(config, before), hooks, work);
}

async function openForTraining(config: RunConfig, before: BackendName | null): Promise<Opened> {
  const { device } = config;
  if (device.backend === 'auto' && before !== null)
    try {
      const { backend } = await openBackend(before, device);
      return { backend, why: `${before}: the run began on it` };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  const { MEANDER_MEASURED: folder, MEANDER_VERSION: version } = process.env;
  return openBackend(device.backend, device, engineRace(config, folder || null, version ?? ''));
}

async function withOpened<T>(
  { backend, why }: Opened,
  hooks: Pick<JobHooks, 'report'>,
  work: (backend: Backend) => Promise<T>,
): Promise<T> {
  try {
    const { name, device: processor, family, threads } = backend.info;
    hooks.report({ type: 'device', backend: name, device: processor, family, threads, why });
    return await work(backend);
  } finally {
    await backend.close();
  }
}
