/** Electron as the setup modules see it: injected, so that they run in tests where there is no Electron. */
import type * as Electron from 'electron';

export type ElectronApi = Pick<
  typeof Electron,
  | 'app'
  | 'BrowserWindow'
  | 'Menu'
  | 'Notification'
  | 'Tray'
  | 'dialog'
  | 'ipcMain'
  | 'nativeImage'
  | 'powerMonitor'
  | 'powerSaveBlocker'
  | 'protocol'
  | 'session'
  | 'shell'
>;
