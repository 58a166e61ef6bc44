/** What the desktop can do for the application: native dialogs, the file manager. */
import type { OpenDialogOptions } from 'electron';
import type { Host } from '../app/application.ts';
import type { ElectronApi } from './electron-api.ts';
import type { MainWindow } from './window.ts';

export function desktopHost(
  { dialog, shell }: Pick<ElectronApi, 'dialog' | 'shell'>,
  window: Pick<MainWindow, 'current'>,
): Host & Required<Pick<Host, 'openDialog'>> {
  return {
    capabilities: { paths: true, upload: false, dialogs: true, reveal: true, desktop: true },
    async openDialog(kind) {
      const options: OpenDialogOptions = {
        properties: [kind === 'folder' ? 'openDirectory' : 'openFile', 'multiSelections'],
      };
      const parent = window.current();
      const { filePaths } = await (parent ? dialog.showOpenDialog(parent, options) : dialog.showOpenDialog(options));
      return filePaths;
    },
    reveal: (path) => shell.showItemInFolder(path),
  };
}
