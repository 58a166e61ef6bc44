/** The one window. */
import type { BrowserWindow } from 'electron';
import type { ElectronApi } from './electron-api.ts';
import { pageUrl } from './page.ts';
import { setupRecovery } from './recovery.ts';

export interface MainWindow {
  /** The window, while there is one, hidden or not. */
  current(): BrowserWindow | null;
  /** Opens it, or brings it to the front. */
  show(): void;
}

/** `icon`: for systems that do not take it from the package. */
export function setupWindow(
  electron: Pick<ElectronApi, 'BrowserWindow' | 'app' | 'dialog'>,
  { preload, icon }: { preload: string; icon: string },
): MainWindow {
  let window: BrowserWindow | null = null;
  const open = (): BrowserWindow => {
    const opened = new electron.BrowserWindow({
      // Place, size and whether it is maximised are kept under this name, and checked against the screens there are.
      name: 'main',
      windowStatePersistence: true,
      width: 1280,
      height: 840,
      minWidth: 800,
      minHeight: 560,
      show: false,
      title: 'Meander',
      icon,
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
    setupRecovery(electron, opened);
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
  return { current: () => window, show };
}
