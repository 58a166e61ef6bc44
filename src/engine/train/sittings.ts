/** For tests: sittings of one small run on engines of the test's choice, and the weights that they end with. */
import type { RunConfig } from '../../shared/config.ts';
import type { Backend } from '../backends/backend.ts';
import { RunFolder } from '../checkpoint/index.ts';
import type { Dataset } from '../data/source.ts';
import { Trainer } from './trainer.ts';

type OnStep = (step: number, trainer: Trainer) => void;

/** `sit` trains to the end, going on where the folder's newest checkpoint is; `onStep` sees every logged step. */
export function sittings(config: RunConfig, dataset: Dataset) {
  return async function sit(path: string, backend: Backend, onStep?: OnStep): Promise<void> {
    const folder = await RunFolder.open(path).catch(() =>
      RunFolder.create(path, config, { datasetFingerprint: dataset.meta.fingerprint }),
    );
    await folder.lock();
    const trainer: Trainer = new Trainer({
      folder,
      dataset,
      backend,
      emit: (report) => {
        if (report.type === 'metrics' && report.line.type === 'train') onStep?.(report.line.step, trainer);
      },
    });
    try {
      await trainer.run();
    } finally {
      await folder.close();
    }
  };
}

/** Raw weights, or a policy's average, at a checkpoint. */
export async function weightsAt(path: string, step: number, of: string): Promise<Float32Array> {
  const folder = await RunFolder.open(path);
  const checkpoint = await folder.openCheckpoint(step);
  const values = await (await checkpoint.weights(of))(0, folder.table.elements);
  await checkpoint.close();
  return values as Float32Array;
}
