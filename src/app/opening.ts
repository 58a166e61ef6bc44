/**
 * What the desktop asks to be shown: links, dropped files and folders, command-line arguments, entries of menus. It
 * waits here until a window asks, since the window may not be open yet.
 */
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AppEvent, OpenRequest } from '../shared/api.ts';
import { toApiError, UserError } from '../shared/errors.ts';
import { exists } from './folders.ts';
import { isLink, runOfLink } from './links.ts';

export interface OpeningOptions {
  readonly home: () => string;
  readonly emit: (event: AppEvent) => void;
}

/** More than a file manager hands over at once; a preparation takes a folder of any size. */
const most = 1000;

export class Opening {
  readonly #options: OpeningOptions;
  #waiting: OpenRequest[] = [];

  constructor(options: OpeningOptions) {
    this.#options = options;
  }

  /**
   * Takes what a desktop hands to a program that it starts: paths, file: addresses and links. What cannot be opened
   * becomes a request too, which says why.
   * @param from folder that relative paths start from
   * @param announce false: open windows are not told, since one that comes will ask
   */
  async open(args: readonly string[], from: string, announce = true): Promise<void> {
    const sources: string[] = [];
    for (const argument of args.slice(0, most)) {
      try {
        const request = await this.#read(argument, from);
        if (typeof request === 'string') sources.push(request);
        else this.#waiting.push(request);
      } catch (error) {
        this.#waiting.push({ what: 'problem', error: toApiError(error) });
      }
    }
    if (sources.length > 0) this.#waiting.push({ what: 'sources', paths: [...new Set(sources)] });
    if (args.length > 0 && announce) this.#options.emit({ type: 'open' });
  }

  show(request: OpenRequest): void {
    this.#waiting.push(request);
    this.#options.emit({ type: 'open' });
  }

  /** Hands over what waits, once. */
  take(): OpenRequest[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  /** @returns a path where the argument is text to prepare. */
  async #read(argument: string, from: string): Promise<OpenRequest | string> {
    const home = this.#options.home();
    if (isLink(argument)) {
      const name = runOfLink(argument);
      if (await exists(join(home, 'runs', name, 'run.json'))) return { what: 'run', name };
      throw new UserError('no-run', `There is no run "${name}" in ${home}.`, 'It may have been renamed or deleted.');
    }
    const given = pathOf(argument, from);
    const found = await stat(given).catch((error: NodeJS.ErrnoException) => error);
    if (found instanceof Error)
      throw new UserError('not-found', `${given} cannot be opened: ${found.code}.`, 'Check that it is still there.');
    const path = await realpath(given);
    const folder = found.isDirectory() ? path : dirname(path);
    const marks = (name: string): Promise<boolean> | boolean =>
      found.isDirectory() ? exists(join(path, name)) : basename(path) === name;
    if (await marks('run.json')) {
      if (await isIn(folder, join(home, 'runs'))) return { what: 'run', name: basename(folder) };
      throw new UserError(
        'run-elsewhere',
        `The run ${folder} lies outside of the data folder ${home}.`,
        'Copy it into its runs folder, or choose the data folder that it belongs to in Settings.',
      );
    }
    if ((await marks('dataset.json')) && (await isIn(folder, join(home, 'datasets'))))
      return { what: 'page', page: 'datasets' };
    return path;
  }
}

function pathOf(argument: string, from: string): string {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(argument)) return resolve(from, argument);
  try {
    return fileURLToPath(argument);
  } catch {
    throw new UserError('bad-address', `"${argument}" is no file on this machine.`, 'Save it, then open the file.');
  }
}

async function isIn(folder: string, parent: string): Promise<boolean> {
  return dirname(folder) === (await realpath(parent).catch(() => null));
}
