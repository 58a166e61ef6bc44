import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { channels } from '../shared/ipc.ts';
import { desktopHost } from './desktop-host.ts';
import { setupGuards } from './guards.ts';
import { setupIpcDoor } from './ipc-door.ts';
import { setupNotifications } from './notifications.ts';
import { pageUrl, registerPageScheme, setupPage } from './page.ts';
import { setupPower } from './power.ts';
import { reloads, setupRecovery } from './recovery.ts';
import { setupTaskbar } from './taskbar.ts';
import {
  type Fake,
  FakeContents,
  FakeNotification,
  FakeWindow,
  fakeElectron,
  job,
  progress,
} from './testing/fake-electron.ts';
import { setupWindow } from './window.ts';

let made: Fake;
const openWindow = () => setupWindow(made.electron, { preload: '/preload.cjs', icon: '/icon.png' });
beforeEach(() => {
  made = fakeElectron();
});

describe('the window', () => {
  test('is sandboxed, keeps its place, and there is one', () => {
    const window = openWindow();
    window.show();
    FakeWindow.opened[0]!.minimized = true;
    window.show();
    const [opened, ...others] = FakeWindow.opened;
    expect(others).toEqual([]);
    expect(opened!.options).toMatchObject({ name: 'main', windowStatePersistence: true });
    expect(opened!.options.webPreferences).toMatchObject({
      preload: '/preload.cjs',
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
    });
    // In development too: there is no other address, so no other policy.
    expect(opened!.loadURL).toHaveBeenCalledExactlyOnceWith(pageUrl);
    expect(opened!.restore).toHaveBeenCalledOnce();
    opened!.emit('closed');
    expect(window.current()).toBeNull();
  });

  const recover = () => {
    let now = 0;
    const window = new FakeWindow({ webPreferences: {} });
    setupRecovery(made.electron, window as never, () => now);
    const crash = (at: number, reason = 'oom') => {
      now = at;
      window.webContents.emit('render-process-gone', {}, { reason });
    };
    return { window, crash, reload: window.webContents.reload };
  };

  test('a page that crashed is loaded again', () => {
    const { crash, reload } = recover();
    crash(0, 'clean-exit');
    expect(reload).not.toHaveBeenCalled();
    for (let hour = 0; hour < 10; hour++) crash(hour * 3_600_000);
    expect(reload).toHaveBeenCalledTimes(10);
    expect(made.fake.dialog.showMessageBox).not.toHaveBeenCalled();
  });

  test.each([
    ['try again', 0],
    ['quit', 1],
  ])('a page that crashes again and again asks: %s', async (answer, response) => {
    const { crash, reload } = recover();
    made.fake.dialog.showMessageBox.mockResolvedValue({ response });
    for (let second = 0; second <= reloads.most; second++) crash(second * 1000);
    crash(9000);
    expect(reload).toHaveBeenCalledTimes(reloads.most);
    expect(made.fake.dialog.showMessageBox).toHaveBeenCalledOnce();
    const quits = answer === 'quit' ? 1 : 0;
    await vi.waitFor(() => {
      expect(made.fake.app.quit).toHaveBeenCalledTimes(quits);
      expect(reload).toHaveBeenCalledTimes(reloads.most + 1 - quits);
    });
  });

  test('a page that hangs is waited for, or ended and so loaded again', async () => {
    const { window, crash, reload } = recover();
    window.emit('unresponsive');
    await vi.waitFor(() => expect(made.fake.dialog.showMessageBox).toHaveBeenCalledOnce());
    expect(window.webContents.forcefullyCrashRenderer).not.toHaveBeenCalled();
    await Promise.resolve();
    made.fake.dialog.showMessageBox.mockResolvedValueOnce({ response: 1 });
    window.emit('unresponsive');
    await vi.waitFor(() => expect(window.webContents.forcefullyCrashRenderer).toHaveBeenCalledOnce());
    crash(0, 'crashed');
    expect(reload).toHaveBeenCalledOnce();
  });
});

describe('guards', () => {
  const confined = () => {
    setupGuards(made.electron);
    const contents = new FakeContents();
    made.fake.app.emit('web-contents-created', {}, contents);
    return contents;
  };
  test.each([
    ['the page itself', `${pageUrl}runs`, true, false],
    ['the page in a frame', pageUrl, false, true],
    ['another site', 'https://example.com/', true, true],
    ['a file', 'file:///etc/passwd', true, true],
    ['a look-alike', 'app://meander.evil/', true, true],
    ['a script', 'javascript:alert(1)', true, true],
  ])('navigation to %s', (_, url, isMainFrame, denied) => {
    const preventDefault = vi.fn();
    confined().emit('will-frame-navigate', { url, isMainFrame, preventDefault });
    expect(preventDefault).toHaveBeenCalledTimes(denied ? 1 : 0);
  });

  test('no windows, no web views, no permissions but copying', () => {
    const contents = confined();
    expect(contents.openHandler?.()).toEqual({ action: 'deny' });
    for (const event of ['will-attach-webview', 'will-redirect']) {
      const preventDefault = vi.fn();
      contents.emit(event, { preventDefault });
      expect(preventDefault).toHaveBeenCalled();
    }
    const { defaultSession } = made.fake.session;
    const ask = defaultSession.setPermissionRequestHandler.mock.calls[0]![0];
    const answers = ['media', 'clipboard-read', 'clipboard-sanitized-write'].map((permission) => {
      const callback = vi.fn();
      ask(contents, permission, callback);
      return callback.mock.calls[0]![0];
    });
    expect(answers).toEqual([false, false, true]);
    expect(defaultSession.setPermissionCheckHandler.mock.calls[0]![0](null, 'media')).toBe(false);
    expect(defaultSession.setDevicePermissionHandler.mock.calls[0]![0]()).toBe(false);
  });

  test('nothing is asked of the network', () => {
    confined();
    const [filter, handler] = made.fake.session.defaultSession.webRequest.onBeforeRequest.mock.calls[0]!;
    expect(filter.urls).toEqual(expect.arrayContaining(['https://*/*', 'http://*/*', 'wss://*/*', 'file://*/*']));
    expect(filter.urls.filter((url: string) => url.startsWith('app:'))).toEqual([]);
    const callback = vi.fn();
    handler({}, callback);
    expect(callback).toHaveBeenCalledExactlyOnceWith({ cancel: true });
  });
});

describe('the IPC door', () => {
  const dispatch = vi.fn(async () => ({ ok: true as const, output: 1 }));

  test('answers the main frame of our page in our window and no other', async () => {
    const window = openWindow();
    window.show();
    const { subscribe } = made;
    setupIpcDoor(made.electron, { dispatch, subscribe }, window);
    const [channel, handler] = made.fake.ipcMain.handle.mock.calls[0]!;
    expect(channel).toBe(channels.call);
    const ours = window.current()!.webContents;
    const call = (senderFrame: unknown, sender: unknown = ours) =>
      handler({ sender, senderFrame }, 'runs.list', undefined);
    const page = { url: pageUrl, parent: null };
    await expect(call(page)).resolves.toEqual({ ok: true, output: 1 });
    for (const frame of [null, { url: 'https://evil.example', parent: null }, { url: pageUrl, parent: {} }])
      expect(() => call(frame)).toThrow('not for this frame');
    expect(() => call(page, new FakeContents())).toThrow('not for this frame');
    expect(dispatch).toHaveBeenCalledOnce();
  });

  test('events reach the window while there is one', () => {
    const window = openWindow();
    setupIpcDoor(made.electron, { dispatch, subscribe: made.subscribe }, window);
    made.tell(job);
    window.show();
    made.tell(job);
    const { send } = FakeWindow.opened[0]!.webContents;
    expect(send).toHaveBeenCalledExactlyOnceWith(channels.event, { type: 'job', job });
  });
});

test('the page comes with its rules, and nothing else from its folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'meander-page-'));
  writeFileSync(join(folder, 'index.html'), 'page');
  registerPageScheme(made.electron);
  setupPage(made.electron, folder);
  const answer = made.fake.protocol.handle.mock.calls[0]![1] as (request: Request) => Promise<Response>;
  const get = (url: string, method = 'GET') => answer({ url, method } as Request);
  const page = await get(pageUrl);
  expect(await page.text()).toBe('page');
  const policy = page.headers.get('content-security-policy');
  expect(policy).toContain("default-src 'none'; script-src 'self';");
  expect(policy).not.toMatch(/script-src[^;]*unsafe|https?:|localhost/);
  expect((await get('app://other/')).status).toBe(404);
  expect((await get(`${pageUrl}..%2f..%2fetc%2fpasswd`)).status).toBe(404);
  expect((await get(pageUrl, 'POST')).status).toBe(404);
  rmSync(folder, { recursive: true });
});

describe('what jobs do to the desktop', () => {
  const error = { code: 'disk-full', message: 'The disk is full: /home/me/secret', next: 'Free 3 MB.' };
  const notify = () => {
    const window = openWindow();
    const show = vi.fn();
    const { subscribe } = made;
    const told = setupNotifications(made.electron, { subscribe, show }, window, () => made.settings);
    return { window, show, told, titles: () => FakeNotification.shown.map(({ text }) => text.title) };
  };

  test('finish and failure are told, by name alone; a click shows where', () => {
    const { show, titles, told } = notify();
    made.tell({ ...job, status: 'running' });
    made.tell({ ...job, status: 'finished' });
    made.tell({ ...job, status: 'failed', error });
    made.tell({ ...job, kind: 'sample', status: 'finished' });
    made.tell({ ...job, kind: 'prepare', subject: 'text', status: 'finished' });
    told.goesOn('my run');
    expect(titles()).toEqual(['Training finished', 'Training failed', 'Preparation finished', 'Training goes on']);
    expect(JSON.stringify(FakeNotification.shown.map(({ text }) => text))).not.toContain('/home');
    for (const notification of FakeNotification.shown.slice(1)) notification.emit('click');
    expect(FakeWindow.opened).toHaveLength(1);
    expect(show.mock.calls).toEqual([[{ what: 'run', name: 'my run' }], [{ what: 'page', page: 'datasets' }]]);
  });

  test('each kind of notification can be turned off, and none comes to who looks at the window', () => {
    const { window, titles } = notify();
    made.set({ notifyFailed: false });
    made.tell({ ...job, status: 'failed', error });
    expect(titles()).toEqual([]);
    made.set({ notifyFailed: true, notifyFinished: false });
    made.tell({ ...job, status: 'finished' });
    made.tell({ ...job, status: 'failed', error });
    expect(titles()).toEqual(['Training failed']);
    window.show();
    FakeWindow.opened[0]!.focused = true;
    made.tell({ ...job, status: 'failed', error });
    expect(titles()).toHaveLength(1);
  });

  test('the machine stays awake while something works, not while it is paused, and only where that is wanted', () => {
    const { start, stop } = made.fake.powerSaveBlocker;
    setupPower(made.electron, made.subscribe, () => made.settings);
    made.tell({ ...job, status: 'running' });
    made.tell({ ...job, status: 'running', progress });
    expect(start).toHaveBeenCalledExactlyOnceWith('prevent-app-suspension');
    made.tell({ ...job, status: 'paused' });
    expect(stop).toHaveBeenCalledExactlyOnceWith(5);
    made.tell({ ...job, status: 'running' });
    made.set({ keepAwake: false });
    expect(stop).toHaveBeenCalledTimes(2);
    made.set({ keepAwake: true });
    expect(start).toHaveBeenCalledTimes(3);
    made.tell({ ...job, status: 'finished' });
    expect(stop).toHaveBeenCalledTimes(3);
    made.set({ keepAwake: false });
    made.tell({ ...job, status: 'running' });
    expect(start).toHaveBeenCalledTimes(3);
  });

  test('the taskbar shows how far it is, in a new window too', () => {
    const window = openWindow();
    setupTaskbar(made.electron, made.subscribe, window);
    made.tell({ ...job, status: 'running', progress });
    window.show();
    const [opened] = FakeWindow.opened;
    opened!.emit('show');
    made.tell({ ...job, status: 'paused', progress });
    made.tell({ ...job, status: 'stopped' });
    expect(opened!.setProgressBar.mock.calls).toEqual([[0.25, { mode: 'normal' }], [0.25, { mode: 'paused' }], [-1]]);
  });
});

test('dialogs and the file manager', async () => {
  const host = desktopHost(made.electron, { current: () => null });
  expect(host.capabilities).toMatchObject({ paths: true, upload: false, dialogs: true, reveal: true });
  expect(await host.openDialog!('folder')).toEqual(['/a']);
  const properties = ['openDirectory', 'multiSelections'];
  expect(made.fake.dialog.showOpenDialog).toHaveBeenCalledWith({ properties });
  host.reveal!('/a');
  expect(made.fake.shell.showItemInFolder).toHaveBeenCalledWith('/a');
});
