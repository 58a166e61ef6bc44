/** The icon in the tray: there while something works or the window is away, with its state and what can be done. */
import { join } from 'node:path';
import type { MenuItemConstructorOptions, Tray } from 'electron';
import type { Application } from '../app/application.ts';
import type { Method, Settings } from '../shared/api.ts';
import type { ElectronApi } from './electron-api.ts';
import { watchJobs } from './job-watch.ts';
import { jobLine } from './job-words.ts';
import type { MainWindow } from './window.ts';

export interface TrayOptions {
  readonly application: Pick<Application, 'dispatch' | 'subscribe' | 'show'>;
  readonly window: MainWindow;
  readonly settings: () => Pick<Settings, 'closeToTray'>;
  /** Folder with its pictures. */
  readonly resources: string;
  readonly platform?: NodeJS.Platform;
}

export function setupTray(
  { app, Menu, Tray, nativeImage }: Pick<ElectronApi, 'app' | 'Menu' | 'Tray' | 'nativeImage'>,
  { application, window, settings, resources, platform = process.platform }: TrayOptions,
): void {
  let tray: Tray | null = null;
  let closeToTray = settings().closeToTray;
  /** What the menu says now: it is made anew only when that changes, since making it closes it. */
  let said = '';
  let lines: MenuItemConstructorOptions[] = [];

  const perform = async (method: Method, name: string): Promise<void> => {
    const answer = await application.dispatch(method, { name });
    if (answer.ok) return;
    window.show();
    application.show({ what: 'problem', error: answer.error });
  };
  const open = (): Tray => {
    const picture = join(resources, platform === 'darwin' ? 'trayTemplate.png' : 'tray.png');
    const opened = new Tray(nativeImage.createFromPath(picture));
    // On Linux a click opens the menu wherever the desktop does not tell clicks apart.
    opened.on('click', () => {
      if (platform !== 'darwin') window.show();
    });
    return opened;
  };
  const refresh = (): void => {
    const shown = window.current();
    const isAway = shown !== null && !shown.isVisible() && !shown.isMinimized();
    if (lines.length === 0 && !closeToTray && !isAway) {
      tray?.destroy();
      tray = null;
      said = '';
      return;
    }
    const text = JSON.stringify(lines);
    if (tray !== null && said === text) return;
    tray ??= open();
    said = text;
    tray.setToolTip(lines.find(({ enabled }) => enabled === false)?.label ?? 'Meander');
    tray.setContextMenu(
      Menu.buildFromTemplate([
        ...lines,
        ...(lines.length > 0 ? [{ type: 'separator' as const }] : []),
        { label: 'Show Meander', click: () => window.show() },
        { label: 'Quit…', click: () => app.quit() },
      ]),
    );
  };
  watchJobs(application.subscribe, (_job, _before, active) => {
    lines = active.flatMap((job) => {
      const name = job.subject;
      const item = (label: string, method: Method): MenuItemConstructorOptions => ({
        label,
        click: () => void perform(method, name),
      });
      const status = { label: jobLine(job), enabled: false };
      if (job.kind === 'prepare') return [status, item('Cancel Preparation', 'datasets.cancel')];
      if (job.kind !== 'train') return [];
      const pause = job.status === 'running' ? [item('Pause', 'runs.pause')] : [];
      const resume = job.status === 'paused' ? [item('Resume', 'runs.resume')] : [];
      const stop = job.status === 'stopping' ? [] : [item('Stop and Save', 'runs.stop')];
      return [status, ...pause, ...resume, ...stop];
    });
    refresh();
  });
  application.subscribe((event) => {
    if (event.type !== 'changed' || event.what !== 'settings') return;
    closeToTray = settings().closeToTray;
    refresh();
  });
  app.on('browser-window-created', (_event, created) => {
    created.on('show', refresh);
    created.on('hide', refresh);
    created.on('closed', refresh);
  });
  refresh();
}
