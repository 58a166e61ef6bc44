/** The IPC door: one channel in, one out, and only for the main frame of our own page in our own window. */
import type { IpcMainInvokeEvent } from 'electron';
import type { Application } from '../app/application.ts';
import { channels } from '../shared/ipc.ts';
import type { ElectronApi } from './electron-api.ts';
import { isPage } from './page.ts';
import type { MainWindow } from './window.ts';

export function setupIpcDoor(
  { ipcMain }: Pick<ElectronApi, 'ipcMain'>,
  application: Pick<Application, 'dispatch' | 'subscribe'>,
  window: Pick<MainWindow, 'current'>,
): void {
  const isOurs = ({ sender, senderFrame }: IpcMainInvokeEvent): boolean =>
    sender === window.current()?.webContents &&
    senderFrame !== null &&
    senderFrame.parent === null &&
    isPage(senderFrame.url);
  ipcMain.handle(channels.call, (event, method: unknown, input: unknown) => {
    if (!isOurs(event)) throw new Error('not for this frame');
    return application.dispatch(method, input);
  });
  application.subscribe((event) => {
    const contents = window.current()?.webContents;
    if (contents && !contents.isDestroyed()) contents.send(channels.event, event);
  });
}
