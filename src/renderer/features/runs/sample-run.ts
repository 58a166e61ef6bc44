import { call } from '../../door/index.ts';
import { routes } from '../../lib/routes.ts';
import { tellFailure } from '../../store/action.ts';
import { refresh } from '../../store/cache.ts';

/** Prepares the sample text where it is not yet, starts a small run on it and shows that. False when it failed. */
export async function startSampleRun(navigate: (to: string) => void): Promise<boolean> {
  try {
    const { name } = await call('sample.start', undefined);
    refresh('runs.list', 'datasets.list');
    navigate(routes.run(name));
    return true;
  } catch (error) {
    tellFailure(error);
    return false;
  }
}
