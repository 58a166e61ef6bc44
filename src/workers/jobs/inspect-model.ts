/** What lies behind a path: one model, or revisions of one. Reads headers alone. */
import { stat } from 'node:fs/promises';
import { findRevisions, openInput, type Revision } from '../../engine/averaging/index.ts';
import { openModelFolder } from '../../engine/checkpoint/index.ts';
import { UserError } from '../../engine/errors.ts';
import type { ModelConfig } from '../../shared/config.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';

/** @throws UserError what opening the model throws */
export async function runInspectModelJob({ path }: Extract<JobSpec, { kind: 'inspect-model' }>): Promise<JobResult> {
  const revisions = (await stat(path).catch(() => null))?.isDirectory() ? await revisionsOf(path) : [];
  const input = await openInput(revisions.at(-1)?.path ?? path);
  const bytes = [...input.source.tensors.values()].reduce((sum, tensor) => sum + tensor.bytes, 0);
  await input.source.close();
  const type = input.config?.model_type;
  const architecture = typeof type === 'string' ? type : null;
  const { model, refused } = await described(input.path, architecture);
  const kind = revisions.length > 0 ? 'trajectory' : 'model';
  return {
    outcome: 'finished',
    place: { path, kind, revisions, bytes, architecture, model, refused },
  };
}

/** A configuration that Meander does not run is no failure: averaging needs only names and shapes. */
async function described(
  path: string,
  architecture: string | null,
): Promise<{ model: ModelConfig | null; refused: string | null }> {
  if (architecture === null) return { model: null, refused: null };
  try {
    const folder = await openModelFolder(path);
    await folder.close();
    return { model: folder.model, refused: null };
  } catch (error) {
    if (error instanceof UserError && error.code === 'model-config') return { model: null, refused: error.message };
    throw error;
  }
}

async function revisionsOf(path: string): Promise<Revision[]> {
  try {
    return await findRevisions(path);
  } catch (error) {
    if (error instanceof UserError && error.code === 'no-revisions') return [];
    throw error;
  }
}
