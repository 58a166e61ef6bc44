/** What the desktop hands over: arguments of this start and of later ones, files dropped on the icon, links. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Application } from '../app/application.ts';
import type { ElectronApi } from './electron-api.ts';
import type { MainWindow } from './window.ts';

const handed = z.object({ args: z.array(z.string()), from: z.string() });
type Handed = z.infer<typeof handed>;

/** macOS tells of dropped files one by one: those within so many milliseconds belong together. */
const together = 50;

export interface Opening {
  /** From here on, what is handed over is shown; what came before, now. */
  connect(application: Pick<Application, 'open'>, window: Pick<MainWindow, 'show'>): void;
}

/**
 * The arguments that are not Chromium's switches.
 * @param appPath the folder that Electron was started on, after which ours begin; null in a package
 */
export function ownArguments(argv: readonly string[], appPath: string | null): string[] {
  const own = 1 + (appPath === null ? 0 : argv.slice(1).findIndex((argument) => resolve(argument) === appPath) + 1);
  return argv.slice(own).filter((argument) => !argument.startsWith('-'));
}

/**
 * Before the app is ready. A second start hands its arguments to the first, whose window comes to the front.
 * @returns null where this is the second: quit then
 */
export function setupOpening({ app }: Pick<ElectronApi, 'app'>, start: Handed): Opening | null {
  // As data: in the command line of a second start, Chromium changes the order and adds its own.
  if (!app.requestSingleInstanceLock(start)) return null;
  const waiting: Handed[] = [start];
  let open = (what: Handed): void => void waiting.push(what);
  let dropped: string[] = [];
  const drop = (path: string): void => {
    if (dropped.length === 0)
      setTimeout(() => {
        open({ args: dropped, from: '/' });
        dropped = [];
      }, together);
    dropped.push(path);
  };
  app.on('open-file', (event, path) => {
    event.preventDefault();
    drop(path);
  });
  app.on('open-url', (event, url) => {
    event.preventDefault();
    open({ args: [url], from: '/' });
  });
  app.on('second-instance', (_event, _argv, _folder, data) => {
    const parsed = handed.safeParse(data);
    open(parsed.success ? parsed.data : { args: [], from: '/' });
  });
  return {
    connect(application, window) {
      open = ({ args, from }) => {
        window.show();
        void application.open(args, from);
      };
      app.on('activate', () => window.show());
      for (const what of waiting.splice(0)) open(what);
    },
  };
}
