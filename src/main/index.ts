/** The Electron shell: everything it does, one line each. The application behind it knows nothing of Electron. */
import * as electron from 'electron';
import ElectronStore from 'electron-store';
import { openApplication } from '../app/application.ts';
import { locate } from '../app/locate.ts';
import { settingsName, settingsService } from '../app/settings.ts';
import { desktopHost } from './desktop-host.ts';
import { setupGuards } from './guards.ts';
import { setupIpcDoor } from './ipc-door.ts';
import { setupMenu } from './menu.ts';
import { setupNotifications } from './notifications.ts';
import { registerPageScheme, setupPage } from './page.ts';
import { setupPower } from './power.ts';
import { setupQuit } from './quit.ts';
import { setupSingleInstance } from './single-instance.ts';
import { setupTaskbar } from './taskbar.ts';
import { setupWindow } from './window.ts';

const { app } = electron;

async function main(): Promise<void> {
  if (process.env.MEANDER_SETTINGS) app.setPath('userData', process.env.MEANDER_SETTINGS);
  const parts = locate();
  const window = setupWindow(electron, parts.preload);
  if (!setupSingleInstance(electron, window.show)) return app.quit();
  registerPageScheme(electron);
  await app.whenReady();

  const application = await openApplication({
    parts,
    settings: settingsService(new ElectronStore<Record<string, unknown>>({ name: settingsName })),
    host: desktopHost(electron, window),
    onDefect: (error) => console.error(error),
  });
  setupPage(electron, parts.renderer);
  setupGuards(electron);
  setupIpcDoor(electron, application, window);
  setupMenu(electron);
  setupNotifications(electron, application.subscribe, window);
  setupPower(electron, application.subscribe);
  setupTaskbar(application.subscribe, window);
  setupQuit(electron, application, window);
  window.show();
}

main().catch((error: unknown) => {
  electron.dialog.showErrorBox('Meander cannot start', error instanceof Error ? error.message : String(error));
  app.exit(1);
});
