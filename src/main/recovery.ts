/**
 * A page that crashed or hangs comes back; its jobs, which are other processes, never notice. One that crashes again
 * and again is not reloaded for ever: the user is asked.
 */
import type { BrowserWindow } from 'electron';
import type { ElectronApi } from './electron-api.ts';

/** Reloads without a question: so many within so many milliseconds. */
export const reloads = { most: 3, within: 5 * 60_000 } as const;

export function setupRecovery(
  { app, dialog }: Pick<ElectronApi, 'app' | 'dialog'>,
  window: BrowserWindow,
  now: () => number = Date.now,
): void {
  let crashes: number[] = [];
  let asking = false;
  const ask = async (message: string, buttons: [string, string], accepted: () => void, refused: () => void) => {
    if (asking || window.isDestroyed()) return;
    asking = true;
    const detail = 'Training, if there is any, goes on: it does not depend on the window.';
    const options = { type: 'warning' as const, message, detail, buttons, defaultId: 0, cancelId: 1 };
    const { response } = await dialog.showMessageBox(window, options).finally(() => {
      asking = false;
    });
    if (response === 0) accepted();
    else refused();
  };
  const reload = (): void => {
    if (!window.isDestroyed()) window.webContents.reload();
  };
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit') return;
    const at = now();
    crashes = [...crashes.filter((time) => at - time < reloads.within), at];
    if (crashes.length <= reloads.most) return reload();
    void ask(
      'The window keeps failing.',
      ['Try Again', 'Quit Meander'],
      () => {
        crashes = [];
        reload();
      },
      () => app.quit(),
    );
  });
  window.on('unresponsive', () => {
    // The crash that it ends with is ours, and counts like any other.
    const end = () => window.webContents.forcefullyCrashRenderer();
    void ask('The window does not answer.', ['Wait', 'Reload'], () => {}, end);
  });
}
