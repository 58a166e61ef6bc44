/** Quitting: asks while something trains, lets every worker save, and only then ends. */
import type { EventEmitter } from 'node:events';
import type { Application } from '../app/application.ts';
import type { Settings } from '../shared/api.ts';
import type { ElectronApi } from './electron-api.ts';
import type { MainWindow } from './window.ts';

export interface QuitOptions {
  readonly application: Pick<Application, 'busy' | 'close'>;
  readonly window: Pick<MainWindow, 'current'>;
  readonly settings: () => Pick<Settings, 'closeToTray'>;
  /** The window was hidden while the run of that name is at work. */
  readonly onHidden: (name: string) => void;
  readonly platform?: NodeJS.Platform;
  /** Signals of the system; this process's where none are given. */
  readonly signals?: EventEmitter;
}

const answers = ['keep', 'save', 'cancel'] as const;

export function setupQuit(
  { app, dialog, powerMonitor }: Pick<ElectronApi, 'app' | 'dialog' | 'powerMonitor'>,
  { application, window, settings, onHidden, platform = process.platform, signals = process }: QuitOptions,
): void {
  let state: 'open' | 'asking' | 'closing' | 'closed' = 'open';
  const ask = async (): Promise<(typeof answers)[number]> => {
    const [first, ...others] = application.busy();
    if (first === undefined) return 'save';
    const more = others.length > 0 ? ` and ${others.length} more` : '';
    const options = {
      type: 'question' as const,
      message: `“${first}”${more} is not finished.`,
      detail:
        'Meander can keep training without a window: its icon in the tray, or starting it again, brings the window ' +
        'back. Or it finishes the step, saves a checkpoint and quits: the run continues from there, bit by bit the same.',
      buttons: ['Keep Training', 'Save and Quit', 'Cancel'],
      defaultId: 0,
      cancelId: 2,
      noLink: true,
    };
    const parent = window.current();
    const box = parent?.isVisible() ? dialog.showMessageBox(parent, options) : dialog.showMessageBox(options);
    return answers[(await box).response] ?? 'cancel';
  };
  const hide = (): void => {
    window.current()?.hide();
    const [first] = application.busy();
    if (first !== undefined) onHidden(first);
  };
  const finish = async (): Promise<void> => {
    if (state === 'closing' || state === 'closed') return;
    state = 'closing';
    // Whatever goes wrong here must not keep the user from quitting.
    await application.close().catch((error: unknown) => console.error(error));
    state = 'closed';
    app.quit();
  };
  app.on('before-quit', (event) => {
    if (state === 'closed') return;
    event.preventDefault();
    if (state !== 'open') return;
    state = 'asking';
    ask()
      .catch(() => 'cancel' as const)
      .then((answer) => {
        // A signal may have begun to close meanwhile.
        if (state !== 'asking') return;
        state = 'open';
        if (answer === 'keep') hide();
        if (answer === 'save') void finish();
      });
  });
  // On macOS an app outlives its window.
  app.on('window-all-closed', () => {
    if (platform !== 'darwin') app.quit();
  });
  app.on('browser-window-created', (_event, created) => {
    // Elsewhere closing it means quitting, so the window stays until the question is answered and all is saved.
    created.on('close', (event) => {
      if (platform === 'darwin' || state === 'closed') return;
      event.preventDefault();
      if (state === 'open' && settings().closeToTray) hide();
      else app.quit();
    });
    // Windows ends the session whatever we say; every worker saves while there is time.
    created.on('session-end', () => void finish());
  });
  // Who ends the session or the process wants no questions.
  powerMonitor.on('shutdown', (event?: { preventDefault(): void }) => {
    event?.preventDefault();
    void finish();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) signals.on(signal, () => void finish());
}
