/** What the user chose, kept by electron-store in Electron and by conf in the headless host: the same file. */
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import Conf from 'conf';
import type { RunConfig } from '../shared/config.ts';
import { UserError } from '../shared/errors.ts';
import { defaultSettings, type Settings, settings as settingsSchema } from '../shared/settings.ts';

/** The part of conf that we use; electron-store extends it. */
export interface SettingsStore {
  readonly path: string;
  readonly store: Record<string, unknown>;
  set(values: Partial<Record<string, unknown>>): void;
}

/** File name without extension, for both stores. */
export const settingsName = 'settings';

/** A configuration's device with what Settings say where it leaves that open. */
export function deviceOf(device: RunConfig['device'], { backend, threads }: Settings): RunConfig['device'] {
  return {
    ...device,
    backend: device.backend === 'auto' ? backend : device.backend,
    threads: device.threads ?? threads,
  };
}

export interface SettingsService {
  get(): Settings;
  set(values: Partial<Settings>): Settings;
  /** Folder of the settings file. */
  readonly folder: string;
  /** The data folder is given from outside. */
  readonly fixed: boolean;
  /** @throws UserError when this cannot become the data folder, whatever is on the disk */
  checkHome(home: string): void;
}

export function settingsService(store: SettingsStore, environment: NodeJS.ProcessEnv = process.env): SettingsService {
  const fixedHome = environment.MEANDER_HOME || null;
  const get = (): Settings => {
    const { store: stored } = store;
    const home = settingsSchema.shape.home.safeParse(stored.home);
    return {
      ...defaultSettings,
      // Who chose a folder, here or from outside, was asked.
      firstRunDone: home.success || fixedHome !== null,
      ...sound(stored),
      home: fixedHome ?? (home.success ? home.data : defaultHome()),
    };
  };
  const checkHome = (home: string): void => {
    if (home === get().home) return;
    if (fixedHome !== null)
      throw new UserError(
        'home-fixed',
        `The data folder is set to ${fixedHome} from outside.`,
        'Start Meander without MEANDER_HOME or --home to choose another.',
      );
    if (!isAbsolute(home))
      throw new UserError('home-relative', `"${home}" is not an absolute path.`, 'Give the whole path.');
  };
  return {
    folder: dirname(store.path),
    fixed: fixedHome !== null,
    get,
    checkHome,
    set(values) {
      if (values.home !== undefined) checkHome(values.home);
      store.set(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)));
      return get();
    },
  };
}

/** The stored values that this version understands; of each other one the default holds. */
function sound(stored: Record<string, unknown>): Partial<Settings> {
  const known = Object.entries(settingsSchema.shape).flatMap(([key, schema]) => {
    const value = schema.safeParse(stored[key]);
    return value.success ? [[key, value.data]] : [];
  });
  return Object.fromEntries(known);
}

/** Where data lies until the user chooses another folder. */
export function defaultHome(): string {
  return join(homedir(), 'Meander');
}

/** The headless host's and the command line's settings, in the folder where Electron keeps the window's. */
export function openSettings(folder: string = settingsFolder()): SettingsService {
  return settingsService(new Conf<Record<string, unknown>>({ cwd: folder, configName: settingsName }));
}

/** Electron's `userData` of this platform; MEANDER_SETTINGS names another folder. */
function settingsFolder(): string {
  if (process.env.MEANDER_SETTINGS) return process.env.MEANDER_SETTINGS;
  const home = homedir();
  if (process.platform === 'win32') return join(process.env.APPDATA ?? join(home, 'AppData/Roaming'), 'Meander');
  if (process.platform === 'darwin') return join(home, 'Library/Application Support/Meander');
  return join(process.env.XDG_CONFIG_HOME || join(home, '.config'), 'Meander');
}
