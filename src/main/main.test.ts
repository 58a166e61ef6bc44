import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { newJob } from '../app/supervisor.ts';
import type { AppEvent, Job } from '../shared/api.ts';
import { channels } from '../shared/ipc.ts';
import { desktopHost } from './desktop-host.ts';
import type { ElectronApi } from './electron-api.ts';
import { setupGuards } from './guards.ts';
import { setupIpcDoor } from './ipc-door.ts';
import { setupMenu } from './menu.ts';
import { setupNotifications } from './notifications.ts';
import { pageUrl, registerPageScheme, setupPage } from './page.ts';
import { setupPower } from './power.ts';
import { setupQuit } from './quit.ts';
import { setupSingleInstance } from './single-instance.ts';
import { setupTaskbar } from './taskbar.ts';
import { setupWindow } from './window.ts';

class FakeContents extends EventEmitter {
  send = vi.fn();
  isDestroyed = () => false;
  getURL = () => pageUrl;
  openHandler: (() => { action: string }) | null = null;
  setWindowOpenHandler(handler: () => { action: string }): void {
    this.openHandler = handler;
  }
}
class FakeWindow extends EventEmitter {
  static opened: FakeWindow[] = [];
  readonly options: { webPreferences: Record<string, unknown> };
  readonly webContents = new FakeContents();
  loadURL = vi.fn(async () => {});
  reload = vi.fn();
  show = vi.fn();
  focus = vi.fn();
  restore = vi.fn();
  setProgressBar = vi.fn();
  isMinimized = () => true;
  isFocused = () => false;
  constructor(options: FakeWindow['options']) {
    super();
    this.options = options;
    FakeWindow.opened.push(this);
  }
}
class FakeNotification extends EventEmitter {
  static shown: FakeNotification[] = [];
  static isSupported = () => true;
  readonly text: { title: string; body: string };
  constructor(text: FakeNotification['text']) {
    super();
    this.text = text;
  }
  show(): void {
    FakeNotification.shown.push(this);
  }
}

function fakeElectron() {
  const app = Object.assign(new EventEmitter(), { quit: vi.fn(), requestSingleInstanceLock: vi.fn(() => true) });
  const session = {
    setPermissionRequestHandler: vi.fn(),
    setPermissionCheckHandler: vi.fn(),
    setDevicePermissionHandler: vi.fn(),
  };
  return {
    app,
    session: { defaultSession: session },
    BrowserWindow: FakeWindow,
    Notification: FakeNotification,
    Menu: { buildFromTemplate: vi.fn((template: unknown) => template), setApplicationMenu: vi.fn() },
    dialog: {
      showMessageBox: vi.fn(async () => ({ response: 0 })),
      showOpenDialog: vi.fn(async (..._args: unknown[]) => ({ filePaths: ['/a'] })),
    },
    ipcMain: { handle: vi.fn() },
    powerSaveBlocker: { start: vi.fn(() => 5), stop: vi.fn() },
    protocol: { registerSchemesAsPrivileged: vi.fn(), handle: vi.fn() },
    shell: { showItemInFolder: vi.fn() },
  };
}

let fake: ReturnType<typeof fakeElectron>;
let electron: ElectronApi;
let listeners: ((event: AppEvent) => void)[];
const subscribe = (listener: (event: AppEvent) => void) => {
  listeners.push(listener);
  return () => {};
};
const tell = (job: Job): void => {
  for (const listener of listeners) listener({ type: 'job', job });
};
const job: Job = newJob('train', 'my run');
const progress = {
  phase: 'training',
  done: 5,
  total: 20,
  unit: 'steps',
  rate: 1,
  secondsLeft: 1,
  reason: null,
} as const;

beforeEach(() => {
  fake = fakeElectron();
  electron = fake as unknown as ElectronApi;
  listeners = [];
  FakeWindow.opened = [];
  FakeNotification.shown = [];
});

describe('the window', () => {
  test('is sandboxed, and there is one', () => {
    const window = setupWindow(electron, '/preload.cjs');
    window.show();
    window.show();
    const [opened, ...others] = FakeWindow.opened;
    expect(others).toEqual([]);
    expect(opened!.options.webPreferences).toMatchObject({
      preload: '/preload.cjs',
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
    });
    expect(opened!.loadURL).toHaveBeenCalledWith(pageUrl);
    expect(opened!.restore).toHaveBeenCalled();
    opened!.emit('closed');
    expect(window.current()).toBeNull();
  });

  test('a page that crashed is loaded again', () => {
    setupWindow(electron, '').show();
    const [opened] = FakeWindow.opened;
    opened!.webContents.emit('render-process-gone', {}, { reason: 'clean-exit' });
    expect(opened!.reload).not.toHaveBeenCalled();
    opened!.webContents.emit('render-process-gone', {}, { reason: 'oom' });
    expect(opened!.reload).toHaveBeenCalledOnce();
  });

  test('a second start shows the first', () => {
    const show = vi.fn();
    expect(setupSingleInstance(electron, show)).toBe(true);
    fake.app.emit('second-instance');
    expect(show).toHaveBeenCalled();
    fake.app.requestSingleInstanceLock.mockReturnValue(false);
    expect(setupSingleInstance(electron, show)).toBe(false);
  });
});

describe('guards', () => {
  test.each([
    ['the page itself', `${pageUrl}runs`, false],
    ['another site', 'https://example.com/', true],
    ['a file', 'file:///etc/passwd', true],
    ['a look-alike', 'app://meander.evil/', true],
  ])('navigation to %s', (_, url, denied) => {
    setupGuards(electron);
    const contents = new FakeContents();
    fake.app.emit('web-contents-created', {}, contents);
    const preventDefault = vi.fn();
    contents.emit('will-navigate', { url, preventDefault });
    expect(preventDefault).toHaveBeenCalledTimes(denied ? 1 : 0);
  });

  test('no windows, no web views, no permissions but copying', () => {
    setupGuards(electron);
    const contents = new FakeContents();
    fake.app.emit('web-contents-created', {}, contents);
    expect(contents.openHandler?.()).toEqual({ action: 'deny' });
    const preventDefault = vi.fn();
    contents.emit('will-attach-webview', { preventDefault });
    expect(preventDefault).toHaveBeenCalled();
    const ask = fake.session.defaultSession.setPermissionRequestHandler.mock.calls[0]![0];
    const answers = ['media', 'clipboard-read', 'clipboard-sanitized-write'].map((permission) => {
      const callback = vi.fn();
      ask(contents, permission, callback);
      return callback.mock.calls[0]![0];
    });
    expect(answers).toEqual([false, false, true]);
    expect(fake.session.defaultSession.setPermissionCheckHandler.mock.calls[0]![0](null, 'media')).toBe(false);
  });
});

describe('the IPC door', () => {
  const dispatch = vi.fn(async () => ({ ok: true as const, output: 1 }));
  const call = (senderFrame: unknown) => fake.ipcMain.handle.mock.calls[0]![1]({ senderFrame }, 'runs.list', undefined);

  test('answers the main frame of our page and no other', async () => {
    setupIpcDoor(electron, { dispatch, subscribe }, { current: () => null });
    expect(fake.ipcMain.handle.mock.calls[0]![0]).toBe(channels.call);
    await expect(call({ url: pageUrl, parent: null })).resolves.toEqual({ ok: true, output: 1 });
    for (const frame of [null, { url: 'https://evil.example', parent: null }, { url: pageUrl, parent: {} }])
      expect(() => call(frame)).toThrow('not for this frame');
    expect(dispatch).toHaveBeenCalledOnce();
  });

  test('events reach the window while there is one', () => {
    const window = setupWindow(electron, '');
    setupIpcDoor(electron, { dispatch, subscribe }, window);
    tell(job);
    window.show();
    tell(job);
    expect(FakeWindow.opened[0]!.webContents.send).toHaveBeenCalledExactlyOnceWith(channels.event, {
      type: 'job',
      job,
    });
  });
});

test('the page comes with its rules, and nothing else from its folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'meander-page-'));
  writeFileSync(join(folder, 'index.html'), 'page');
  registerPageScheme(electron);
  setupPage(electron, folder);
  const answer = fake.protocol.handle.mock.calls[0]![1] as (request: Request) => Promise<Response>;
  const get = (url: string, method = 'GET') => answer({ url, method } as Request);
  const page = await get(pageUrl);
  expect(await page.text()).toBe('page');
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
  expect((await get('app://other/')).status).toBe(404);
  expect((await get(`${pageUrl}..%2f..%2fetc%2fpasswd`)).status).toBe(404);
  expect((await get(pageUrl, 'POST')).status).toBe(404);
  rmSync(folder, { recursive: true });
});

describe('what jobs do to the desktop', () => {
  test('finish and failure are told, by name alone', () => {
    const window = setupWindow(electron, '');
    setupNotifications(electron, subscribe, window);
    const error = { code: 'disk-full', message: 'The disk is full: /home/me/secret', next: 'Free 3 MB.' };
    tell({ ...job, status: 'running' });
    tell({ ...job, status: 'finished' });
    tell({ ...job, status: 'failed', error });
    tell({ ...job, kind: 'sample', status: 'finished' });
    expect(FakeNotification.shown.map(({ text }) => text.title)).toEqual(['Training finished', 'Training failed']);
    expect(JSON.stringify(FakeNotification.shown.map(({ text }) => text))).not.toContain('/home');
    FakeNotification.shown[0]!.emit('click');
    expect(FakeWindow.opened).toHaveLength(1);
  });

  test('the machine stays awake while something works, not while it is paused', () => {
    setupPower(electron, subscribe);
    tell({ ...job, status: 'running' });
    tell({ ...job, status: 'running', progress });
    expect(fake.powerSaveBlocker.start).toHaveBeenCalledExactlyOnceWith('prevent-app-suspension');
    tell({ ...job, status: 'paused' });
    expect(fake.powerSaveBlocker.stop).toHaveBeenCalledExactlyOnceWith(5);
    tell({ ...job, status: 'running' });
    tell({ ...job, status: 'finished' });
    expect(fake.powerSaveBlocker.stop).toHaveBeenCalledTimes(2);
  });

  test('the taskbar shows how far it is', () => {
    const window = setupWindow(electron, '');
    window.show();
    setupTaskbar(subscribe, window);
    tell({ ...job, status: 'running', progress });
    tell({ ...job, status: 'paused', progress });
    tell({ ...job, status: 'stopped' });
    expect(FakeWindow.opened[0]!.setProgressBar.mock.calls).toEqual([
      [0.25, { mode: 'normal' }],
      [0.25, { mode: 'paused' }],
      [-1],
    ]);
  });
});

describe('quitting', () => {
  const quit = () => {
    const preventDefault = vi.fn();
    fake.app.emit('before-quit', { preventDefault });
    return preventDefault;
  };
  test('asks while something trains; cancel keeps everything', async () => {
    const close = vi.fn(async () => {});
    setupQuit(electron, { busy: () => ['my run', 'other'], close }, { current: () => null });
    fake.dialog.showMessageBox.mockResolvedValueOnce({ response: 1 });
    expect(quit()).toHaveBeenCalled();
    await vi.waitFor(() => expect(fake.dialog.showMessageBox).toHaveBeenCalledOnce());
    await Promise.resolve();
    expect(close).not.toHaveBeenCalled();
    quit();
    quit();
    await vi.waitFor(() => expect(fake.app.quit).toHaveBeenCalledOnce());
    expect(fake.dialog.showMessageBox).toHaveBeenCalledTimes(2);
    expect(close).toHaveBeenCalledOnce();
    expect(quit()).not.toHaveBeenCalled();
  });

  test('asks nothing while nothing works, but lets workers end', async () => {
    const close = vi.fn(async () => {});
    setupQuit(electron, { busy: () => [], close }, { current: () => null });
    quit();
    await vi.waitFor(() => expect(fake.app.quit).toHaveBeenCalledOnce());
    expect(fake.dialog.showMessageBox).not.toHaveBeenCalled();
    expect(close).toHaveBeenCalledOnce();
  });

  test('closing the window means quitting; it stays open until all is saved', async () => {
    const close = vi.fn(async () => {});
    setupQuit(electron, { busy: () => [], close }, { current: () => null }, 'linux');
    const window = new FakeWindow({ webPreferences: {} });
    fake.app.emit('browser-window-created', {}, window);
    const preventDefault = vi.fn();
    window.emit('close', { preventDefault });
    expect(preventDefault).toHaveBeenCalledOnce();
    expect(fake.app.quit).toHaveBeenCalledOnce();
    quit();
    await vi.waitFor(() => expect(fake.app.quit).toHaveBeenCalledTimes(2));
    // Electron closes the windows after before-quit has passed.
    expect(quit()).not.toHaveBeenCalled();
    window.emit('close', { preventDefault });
    expect(preventDefault).toHaveBeenCalledOnce();
  });

  test('on macOS the app outlives its window', () => {
    setupQuit(electron, { busy: () => [], close: async () => {} }, { current: () => null }, 'darwin');
    const window = new FakeWindow({ webPreferences: {} });
    fake.app.emit('browser-window-created', {}, window);
    const preventDefault = vi.fn();
    window.emit('close', { preventDefault });
    fake.app.emit('window-all-closed');
    expect(preventDefault).not.toHaveBeenCalled();
    expect(fake.app.quit).not.toHaveBeenCalled();
  });
});

test('dialogs and the file manager', async () => {
  const host = desktopHost(electron, { current: () => null });
  expect(host.capabilities).toMatchObject({ paths: true, upload: false, dialogs: true, reveal: true });
  expect(await host.openDialog!('folder')).toEqual(['/a']);
  expect(fake.dialog.showOpenDialog).toHaveBeenCalledWith({ properties: ['openDirectory', 'multiSelections'] });
  host.reveal!('/a');
  expect(fake.shell.showItemInFolder).toHaveBeenCalledWith('/a');
});

test.each(['darwin', 'linux'] as const)('the menu can quit on %s', (platform) => {
  setupMenu(electron, platform);
  const template = JSON.stringify(fake.Menu.setApplicationMenu.mock.calls[0]![0]);
  expect(template).toContain(platform === 'darwin' ? 'appMenu' : '"role":"quit"');
});
