/** Quitting: asks while something trains, lets every worker save, and only then ends. */
import type { Application } from '../app/application.ts';
import type { ElectronApi } from './electron-api.ts';
import type { MainWindow } from './window.ts';

export function setupQuit(
  { app, dialog }: Pick<ElectronApi, 'app' | 'dialog'>,
  application: Pick<Application, 'busy' | 'close'>,
  window: Pick<MainWindow, 'current'>,
  platform: NodeJS.Platform = process.platform,
): void {
  let state: 'open' | 'asking' | 'closing' | 'closed' = 'open';
  const agreed = async (): Promise<boolean> => {
    const [first, ...others] = application.busy();
    if (first === undefined) return true;
    const more = others.length > 0 ? ` and ${others.length} more` : '';
    const options = {
      type: 'question' as const,
      message: `“${first}”${more} is not finished.`,
      detail:
        'Meander can finish the step, save a checkpoint and quit. The run continues from there, bit by bit the same.',
      buttons: ['Save and Quit', 'Cancel'],
      defaultId: 0,
      cancelId: 1,
    };
    const parent = window.current();
    const { response } = await (parent ? dialog.showMessageBox(parent, options) : dialog.showMessageBox(options));
    return response === 0;
  };
  app.on('before-quit', (event) => {
    if (state === 'closed') return;
    event.preventDefault();
    if (state !== 'open') return;
    state = 'asking';
    void agreed().then(async (yes) => {
      if (!yes) {
        state = 'open';
        return;
      }
      state = 'closing';
      await application.close();
      state = 'closed';
      app.quit();
    });
  });
  // On macOS an app outlives its window.
  app.on('window-all-closed', () => {
    if (platform !== 'darwin') app.quit();
  });
  // Elsewhere closing it means quitting, so the window stays until the question is answered and all is saved.
  app.on('browser-window-created', (_event, created) => {
    created.on('close', (event) => {
      if (platform === 'darwin' || state === 'closed') return;
      event.preventDefault();
      app.quit();
    });
  });
}
