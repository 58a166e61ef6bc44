/** Prompts that were kept, in a small file beside the settings. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { UserError } from '../shared/errors.ts';
import { writeFileAtomically } from '../shared/files.ts';
import { type SavedPrompt, savedPrompt } from '../shared/prompts.ts';
import { readIfThere } from './folders.ts';

const promptsFile = z.object({ schema: z.literal(1), prompts: z.array(savedPrompt) });

export class Prompts {
  readonly #path: string;
  /** Changes follow one another, so that none is lost. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** By name. A file that another version wrote, or that is damaged, counts as empty until the next change. */
  async list(): Promise<SavedPrompt[]> {
    const text = await readIfThere(this.#path);
    if (text === null) return [];
    try {
      return promptsFile.parse(JSON.parse(text)).prompts;
    } catch {
      return [];
    }
  }

  /** Keeps a prompt, in the place of one of the same name. */
  save(prompt: SavedPrompt): Promise<SavedPrompt[]> {
    return this.#change((prompts) => [...prompts.filter(({ name }) => name !== prompt.name), prompt]);
  }

  /** @throws UserError 'prompt-missing', 'prompt-exists' */
  rename(from: string, to: string): Promise<SavedPrompt[]> {
    return this.#change((prompts) => {
      this.#need(prompts, from);
      if (from !== to && prompts.some(({ name }) => name === to))
        throw new UserError('prompt-exists', `There is a prompt "${to}" already.`, 'Choose another name.');
      return prompts.map((prompt) => (prompt.name === from ? { ...prompt, name: to } : prompt));
    });
  }

  /** @throws UserError 'prompt-missing' */
  delete(name: string): Promise<SavedPrompt[]> {
    return this.#change((prompts) => {
      this.#need(prompts, name);
      return prompts.filter((prompt) => prompt.name !== name);
    });
  }

  #need(prompts: readonly SavedPrompt[], name: string): void {
    if (!prompts.some((prompt) => prompt.name === name))
      throw new UserError('prompt-missing', `There is no prompt "${name}".`, 'Look at the list again.');
  }

  #change(change: (prompts: SavedPrompt[]) => SavedPrompt[]): Promise<SavedPrompt[]> {
    const result = this.#queue.then(async () => {
      const prompts = change(await this.list()).sort((a, b) => a.name.localeCompare(b.name));
      await mkdir(dirname(this.#path), { recursive: true });
      await writeFileAtomically(this.#path, `${JSON.stringify({ schema: 1, prompts }, null, 2)}\n`);
      return prompts;
    });
    this.#queue = result.catch(() => {});
    return result;
  }
}
