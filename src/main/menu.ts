/** The application's menu; on macOS the Dock's too. Everything in it can also be reached on the pages. */
import type { MenuItemConstructorOptions } from 'electron';
import type { Application, Host } from '../app/application.ts';
import type { OpenRequest } from '../shared/api.ts';
import type { ElectronApi } from './electron-api.ts';
import type { Recent } from './recent.ts';
import type { MainWindow } from './window.ts';

export interface MenuOptions {
  readonly application: Pick<Application, 'open' | 'show'>;
  readonly window: Pick<MainWindow, 'show'>;
  readonly recent: Recent;
  readonly openDialog: NonNullable<Host['openDialog']>;
  readonly home: () => string;
  readonly platform?: NodeJS.Platform;
}

type Items = MenuItemConstructorOptions[];

export function setupMenu(
  { Menu, app, shell }: Pick<ElectronApi, 'Menu' | 'app' | 'shell'>,
  { application, window, recent, openDialog, home, platform = process.platform }: MenuOptions,
): void {
  const isMac = platform === 'darwin';
  const go = (request: OpenRequest) => () => {
    window.show();
    application.show(request);
  };
  const choose = (kind: 'files' | 'folder') => async () => {
    window.show();
    const paths = await openDialog(kind);
    if (paths.length > 0) await application.open(paths, home());
  };
  const settings: Items = [
    { label: 'Settings…', accelerator: 'CmdOrCtrl+,', click: go({ what: 'page', page: 'settings' }) },
  ];
  const about: Items = [{ label: 'About Meander', click: () => app.showAboutPanel() }];
  const separator: Items = [{ type: 'separator' }];
  const appMenu: Items = [
    ...about,
    ...separator,
    ...settings,
    ...separator,
    { role: 'services' },
    ...separator,
    { role: 'hide' },
    { role: 'hideOthers' },
    { role: 'unhide' },
    ...separator,
    { role: 'quit' },
  ];
  const runs = (): Items =>
    recent.names().map((name) => ({
      // A single ampersand would underline what follows.
      label: isMac ? name : name.replaceAll('&', '&&'),
      click: go({ what: 'run', name }),
    }));
  const openRecent = (): Items => {
    const items = runs();
    if (items.length === 0) return [{ label: 'No runs yet', enabled: false }];
    return [...items, ...separator, { label: 'Clear', click: () => recent.clear() }];
  };
  const template = (): Items => [
    ...(isMac ? [{ label: app.name, submenu: appMenu }] : []),
    {
      label: '&File',
      submenu: [
        { label: '&New Run', accelerator: 'CmdOrCtrl+N', click: go({ what: 'page', page: 'new' }) },
        { label: 'Open &Text Files…', accelerator: 'CmdOrCtrl+O', click: choose('files') },
        { label: 'Open Text &Folder…', accelerator: 'CmdOrCtrl+Shift+O', click: choose('folder') },
        { label: 'Open &Recent', submenu: openRecent() },
        ...separator,
        ...(isMac ? [] : [...settings, ...separator]),
        { role: isMac ? 'close' : 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        { label: 'Runs', click: go({ what: 'page', page: 'runs' }) },
        { label: 'Datasets', click: go({ what: 'page', page: 'datasets' }) },
        ...separator,
        { role: 'reload' },
        { role: 'toggleDevTools' },
        ...separator,
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        ...separator,
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        { label: 'Show Data Folder', click: () => void shell.openPath(home()) },
        ...(isMac ? [] : [...separator, ...about]),
      ],
    },
  ];
  const build = (): void => {
    Menu.setApplicationMenu(Menu.buildFromTemplate(template()));
    if (isMac) app.dock?.setMenu(Menu.buildFromTemplate(runs()));
  };
  recent.onChange(build);
  build();
}
