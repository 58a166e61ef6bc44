/** Moves the data folder while the application is open: one move at a time, seen by the pages, cancelled by them. */
import { realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { AppEvent } from '../../shared/api.ts';
import { UserError } from '../../shared/errors.ts';
import { type HomeMove, type HomeMoved, homeParts } from '../../shared/home.ts';
import { lockFile, readLock } from '../../shared/process-lock.ts';
import { folderNames } from '../folders.ts';
import type { SettingsService } from '../settings.ts';
import { homePath, prepareHome } from './check.ts';
import { transfer } from './transfer.ts';

/** Milliseconds between two events of progress. */
const interval = 100;

export interface MoverOptions {
  readonly settings: SettingsService;
  readonly emit: (event: AppEvent) => void;
  /** What is at work in the data folder, in words; null when nothing is. */
  readonly busy: () => string | null;
  /** Lets go of the data folder, before anything is moved. */
  readonly leave: () => Promise<void>;
  /** Opens the data folder of the settings: the new one, or the old one again. */
  readonly enter: (from: string) => Promise<void>;
}

export class HomeMover {
  readonly #options: MoverOptions;
  #move: HomeMove | null = null;
  #abort = new AbortController();
  #told = 0;
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: MoverOptions) {
    this.#options = options;
  }

  /** The move at work. */
  get current(): HomeMove | null {
    return this.#move;
  }

  /** Moves runs/, datasets/ and staging/, and makes `typed` the data folder. @throws UserError */
  move(typed: string): Promise<HomeMoved> {
    if (this.#move) throw movingError();
    const from = this.#options.settings.get().home;
    const to = homePath(typed);
    this.#abort = new AbortController();
    this.#tell({ from, to, phase: 'checking', done: 0, total: 0 });
    const work = this.#run(from, to).finally(() => this.#tell(null));
    this.#work = work.catch(() => {});
    return work;
  }

  /** False when it is too late, or nothing moves. */
  cancel(): boolean {
    if (!this.#move || this.#move.phase === 'switching' || this.#move.phase === 'removing') return false;
    this.#abort.abort();
    return true;
  }

  /** For the end of the application: a move that can be cancelled is, any other is waited for. */
  async close(): Promise<void> {
    this.cancel();
    await this.#work;
  }

  async #run(from: string, to: string): Promise<HomeMoved> {
    const { settings, leave, enter } = this.#options;
    const { signal } = this.#abort;
    await this.#check(from, to);
    if (signal.aborted) return { outcome: 'cancelled', left: [] };
    await leave();
    try {
      const left = await transfer({
        from,
        to,
        folder: settings.folder,
        signal,
        use: (home) => void settings.set({ home }),
        onProgress: (phase, done, total) => this.#progress({ from, to, phase, done: Math.min(done, total), total }),
      });
      return { outcome: 'moved', left };
    } catch (error) {
      if (!signal.aborted) throw error;
      return { outcome: 'cancelled', left: [] };
    } finally {
      await enter(from);
    }
  }

  async #check(from: string, to: string): Promise<void> {
    const { settings, busy } = this.#options;
    settings.checkHome(to);
    const busyWith = busy() ?? (await lockedRun(from));
    if (busyWith !== null) throw new UserError('home-busy', busyWith, 'Wait for it, or stop it, then move.');
    if (homeParts.some((part) => isInside(join(from, part), to)))
      throw new UserError('home-inside', `${to} lies inside of what would be moved.`, 'Choose a folder beside it.');
    await prepareHome(to);
    const [a, b] = await Promise.all([realpath(from).catch(() => from), realpath(to)]);
    if (a === b) throw new UserError('home-same', `${to} is the data folder already.`, 'Choose another folder.');
  }

  #progress(move: HomeMove): void {
    const isNews = move.phase !== this.#move?.phase;
    if (!isNews && performance.now() - this.#told < interval) {
      this.#move = move;
      return;
    }
    this.#tell(move);
  }

  #tell(move: HomeMove | null): void {
    this.#move = move;
    this.#told = performance.now();
    this.#options.emit({ type: 'move', move });
  }
}

export function movingError(): UserError {
  return new UserError('home-moving', 'The data folder is being moved.', 'Wait until that is done, or cancel it.');
}

/** A run that another process works on, in words. */
async function lockedRun(home: string): Promise<string | null> {
  for (const run of await folderNames(join(home, 'runs'))) {
    const lock = await readLock(join(home, 'runs', run, lockFile));
    if (lock?.alive) return `Process ${lock.content?.pid} works on "${run}".`;
  }
  return null;
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !/^\.\.[\\/]/.test(way) && !/^([a-z]:|[\\/])/i.test(way));
}
