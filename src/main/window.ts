/** The one window. */
import type { BrowserWindow } from 'electron';
import type { ElectronApi } from './electron-api.ts';
import { pageUrl } from './page.ts';

export interface MainWindow {
  /** The window, while it is open. */
  current(): BrowserWindow | null;
  /** Opens it, or brings it to the front. */
  show(): void;
}

export function setupWindow(electron: Pick<ElectronApi, 'BrowserWindow' | 'app'>, preload: string): MainWindow {
  let window: BrowserWindow | null = null;
  const open = (): BrowserWindow => {
    const opened = new electron.BrowserWindow({
      width: 1280,
      height: 840,
      minWidth: 800,
      minHeight: 560,
      show: false,
      title: 'Meander',
      webPreferences: {
        preload,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webviewTag: false,
        spellcheck: false,
      },
    });
    opened.once('ready-to-show', () => opened.show());
    opened.on('closed', () => {
      window = null;
    });
    // Jobs are other processes: a page that crashed comes back to find them as they are.
    opened.webContents.on('render-process-gone', (_event, { reason }) => {
      if (reason !== 'clean-exit') opened.reload();
    });
    void opened.loadURL(pageUrl);
    return opened;
  };
  const show = (): void => {
    if (window === null) {
      window = open();
      return;
    }
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  };
  electron.app.on('activate', show);
  return { current: () => window, show };
}
