/** The backend a job computes on. */
import type { Backend } from '../../engine/backends/backend.ts';
import { openBackend } from '../../engine/backends/select.ts';
import type { RunConfig } from '../../shared/config.ts';
import type { JobHooks } from './job.ts';

/** Opens the device of a configuration for the time of `work` and says which it is and why. */
export async function withDevice<T>(
  device: RunConfig['device'],
  hooks: Pick<JobHooks, 'report'>,
  work: (backend: Backend) => Promise<T>,
): Promise<T> {
  const { backend, why } = await openBackend(device.backend, device);
  try {
    const { name, device: processor, family, threads } = backend.info;
    hooks.report({ type: 'device', backend: name, device: processor, family, threads, why });
    return await work(backend);
  } finally {
    await backend.close();
  }
}
