/** The Electron shell: everything it does, one line each. The application behind it knows nothing of Electron. */
import { join } from 'node:path';
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
import { ownArguments, setupOpening } from './opening.ts';
import { registerPageScheme, setupPage } from './page.ts';
import { setupPower } from './power.ts';
import { setupQuit } from './quit.ts';
import { setupRecent } from './recent.ts';
import { setupTaskbar } from './taskbar.ts';
import { setupTray } from './tray.ts';
import { setupWindow } from './window.ts';

const { app } = electron;
/** The installer's shortcuts carry it too: notifications and jump lists belong to the app by it. */
const appId = 'org.meander.app';

async function main(): Promise<void> {
  if (process.env.MEANDER_SETTINGS) app.setPath('userData', process.env.MEANDER_SETTINGS);
  const args = ownArguments(process.argv, process.defaultApp ? app.getAppPath() : null);
  const opening = setupOpening(electron, { args, from: process.cwd() });
  if (opening === null) return app.quit();
  app.enableSandbox();
  app.setAppUserModelId(appId);
  registerPageScheme(electron);
  const parts = locate();
  const resources = join(parts.root, 'resources');
  const window = setupWindow(electron, { preload: parts.preload, icon: join(resources, 'icon.png') });
  await app.whenReady();

  const service = settingsService(new ElectronStore<Record<string, unknown>>({ name: settingsName }));
  const settings = () => service.get();
  const home = () => service.get().home;
  const host = desktopHost(electron, window);
  const application = await openApplication({
    parts,
    settings: service,
    host,
    onDefect: (error) => console.error(error),
  });
  const { subscribe } = application;
  const recent = setupRecent(electron, { store: new ElectronStore({ name: 'recent' }), home });
  app.setAboutPanelOptions({ applicationName: 'Meander', applicationVersion: parts.version });
  setupPage(electron, parts.renderer);
  setupGuards(electron);
  setupIpcDoor(electron, { subscribe, dispatch: recent.watched(application.dispatch) }, window);
  setupMenu(electron, { application, window, recent, openDialog: host.openDialog, home });
  const notifications = setupNotifications(electron, application, window, settings);
  setupPower(electron, subscribe, settings);
  setupTaskbar(electron, subscribe, window);
  setupTray(electron, { application, window, settings, resources });
  setupQuit(electron, { application, window, settings, onHidden: notifications.goesOn });
  opening.connect(application, window);
}

main().catch((error: unknown) => {
  electron.dialog.showErrorBox('Meander cannot start', error instanceof Error ? error.message : String(error));
  app.exit(1);
});
