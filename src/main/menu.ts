import type { MenuItemConstructorOptions } from 'electron';
import type { ElectronApi } from './electron-api.ts';

/** Standard menus of the platform; pages have their own controls for everything else. */
export function setupMenu({ Menu }: Pick<ElectronApi, 'Menu'>, platform: NodeJS.Platform = process.platform): void {
  const app: MenuItemConstructorOptions[] = platform === 'darwin' ? [{ role: 'appMenu' }] : [];
  const template: MenuItemConstructorOptions[] = [
    ...app,
    { label: '&File', submenu: [platform === 'darwin' ? { role: 'close' } : { role: 'quit' }] },
    { role: 'editMenu' },
    {
      label: '&View',
      submenu: [
        { role: 'reload' },
        { role: 'toggleDevTools' },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
