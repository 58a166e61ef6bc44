/** Runs that were looked at lately: for the menu, macOS's recent documents and Dock, Windows' jump list. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { Dispatch } from '../app/dispatcher.ts';
import { runLink } from '../app/links.ts';
import type { SettingsStore } from '../app/settings.ts';
import type { ElectronApi } from './electron-api.ts';

/** Names in a menu; as many again are kept, since a run may be deleted. */
const shown = 10;
const kept = z.array(z.string()).catch([]);

export interface RecentOptions {
  /** Keeps the runs' folders, newest first. */
  readonly store: Pick<SettingsStore, 'store' | 'set'>;
  readonly home: () => string;
  readonly platform?: NodeJS.Platform;
  /** The program that a jump list starts. */
  readonly program?: string;
}

export interface Recent {
  /** Names of the runs of this data folder that are still there, newest first. */
  names(): string[];
  clear(): void;
  /** Dispatches, and takes note of the runs whose page asks for them. */
  watched(dispatch: Dispatch): Dispatch;
  onChange(listener: () => void): void;
}

export function setupRecent(
  { app }: Pick<ElectronApi, 'app'>,
  { store, home, platform = process.platform, program = process.execPath }: RecentOptions,
): Recent {
  const listeners = new Set<() => void>();
  const folders = (): string[] => kept.parse(store.store.runs);
  const names = (): string[] =>
    folders()
      .filter((folder) => dirname(folder) === join(home(), 'runs') && existsSync(join(folder, 'run.json')))
      .slice(0, shown)
      .map((folder) => basename(folder));
  const keep = (next: string[]): void => {
    store.set({ runs: next });
    if (platform === 'win32') app.setJumpList(jumpList(names(), program));
    for (const listener of listeners) listener();
  };
  const touch = (name: string): void => {
    const folder = join(home(), 'runs', name);
    const before = folders();
    if (before[0] === folder) return;
    if (platform === 'darwin') app.addRecentDocument(folder);
    keep([folder, ...before.filter((other) => other !== folder)].slice(0, 2 * shown));
  };
  return {
    names,
    clear() {
      if (platform === 'darwin') app.clearRecentDocuments();
      keep([]);
    },
    watched: (dispatch) => async (method, input) => {
      const answer = await dispatch(method, input);
      if (method === 'runs.get' && answer.ok) touch((answer.output as { name: string }).name);
      return answer;
    },
    onChange: (listener) => void listeners.add(listener),
  };
}

/** Windows starts the program again with the link, and the first start shows the run. */
function jumpList(names: readonly string[], program: string): Electron.JumpListCategory[] {
  if (names.length === 0) return [];
  const items = names.map((name) => ({ type: 'task' as const, title: name, program, args: runLink(name) }));
  return [{ type: 'custom', name: 'Recent runs', items }];
}
