/** The list of models of others, in a small file beside the settings. The models stay where they are. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from '../shared/errors.ts';
import { writeFileAtomically } from '../shared/files.ts';
import type { EvaluationResult, JobSpec } from '../shared/jobs.ts';
import { type ListedModel, type ModelPlace, modelPlace } from '../shared/models.ts';
import { readIfThere } from './folders.ts';
import type { ActiveJob, Supervisor } from './supervisor.ts';

const modelsFile = z.object({ schema: z.literal(1), models: z.array(modelPlace) });

export class Models {
  readonly #path: string;
  readonly #supervisor: Supervisor;
  /** Changes follow one another, so that none is lost. */
  #queue: Promise<unknown> = Promise.resolve();
  #evaluation: ActiveJob | null = null;

  constructor(path: string, supervisor: Supervisor) {
    this.#path = path;
    this.#supervisor = supervisor;
  }

  /** In the order in which they were added. A damaged file counts as empty until the next change. */
  async list(): Promise<ListedModel[]> {
    return (await this.#read()).map((place) => ({ ...place, missing: !existsSync(place.path) }));
  }

  /** Looks what it is, and lists it; one that is listed is looked at again. @throws UserError what opening it throws */
  async add(path: string): Promise<ListedModel[]> {
    if (!isAbsolute(path))
      throw new UserError('path-relative', `"${path}" is not an absolute path.`, 'Give the whole path.');
    const subject = resolve(path);
    const { place } = await this.#supervisor.start({
      kind: 'evaluate',
      subject,
      spec: { kind: 'inspect-model', path: subject },
    }).result;
    if (!place) throw new UserError('model-missing', `${path} was not looked at.`, 'Try again.');
    await this.#change((models) =>
      models.some((model) => model.path === subject)
        ? models.map((model) => (model.path === subject ? place : model))
        : [...models, place],
    );
    return this.list();
  }

  /** Takes it off the list; nothing of it is touched. */
  async remove(path: string): Promise<ListedModel[]> {
    await this.#change((models) => models.filter((model) => model.path !== path));
    return this.list();
  }

  /** Losses on a dataset, each against the first; empty when it was cancelled. @throws UserError 'not-comparable' */
  async evaluate(paths: readonly string[], dataset: string, blocks: number): Promise<EvaluationResult[]> {
    if (this.#evaluation)
      throw new UserError('evaluation-busy', 'Models are being measured already.', 'Wait for it, or cancel it.');
    const spec: JobSpec = { kind: 'evaluate-models', paths: [...paths], dataset, blocks };
    this.#evaluation = this.#supervisor.start({ kind: 'evaluate', subject: dataset, spec });
    try {
      const { outcome, evaluations } = await this.#evaluation.result;
      return outcome === 'stopped' ? [] : (evaluations ?? []);
    } finally {
      this.#evaluation = null;
    }
  }

  cancelEvaluation(): void {
    this.#evaluation?.stop();
  }

  async #read(): Promise<ModelPlace[]> {
    const text = await readIfThere(this.#path);
    if (text === null) return [];
    try {
      return modelsFile.parse(JSON.parse(text)).models;
    } catch {
      return [];
    }
  }

  #change(change: (models: ModelPlace[]) => ModelPlace[]): Promise<void> {
    const result = this.#queue.then(async () => {
      const models = change(await this.#read());
      await mkdir(dirname(this.#path), { recursive: true });
      await writeFileAtomically(this.#path, `${JSON.stringify({ schema: 1, models }, null, 2)}\n`);
    });
    this.#queue = result.catch(() => {});
    return result;
  }
}
