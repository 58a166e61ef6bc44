/** The tray, the menus, recent runs, and what the desktop hands over. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { scratch } from '../app/testing/fixture.ts';
import type { OpenRequest } from '../shared/api.ts';
import { setupMenu } from './menu.ts';
import { ownArguments, setupOpening } from './opening.ts';
import { setupRecent } from './recent.ts';
import {
  type Fake,
  type FakeItem,
  FakeTray,
  FakeWindow,
  fakeElectron,
  job,
  progress,
} from './testing/fake-electron.ts';
import { setupTray } from './tray.ts';
import { setupWindow } from './window.ts';

let made: Fake;
const dispatch = vi.fn();
const show = vi.fn();
const open = vi.fn(async () => {});
beforeEach(() => {
  made = fakeElectron();
  for (const mock of [dispatch, show, open]) mock.mockReset();
  dispatch.mockResolvedValue({ ok: true, output: null });
});
const openWindow = () => setupWindow(made.electron, { preload: '', icon: '' });
const labels = (items: readonly FakeItem[]) => items.flatMap(({ label }) => label ?? []);
const click = (items: readonly FakeItem[], label: string) => items.find((item) => item.label === label)!.click!();

describe('the tray', () => {
  const setup = (platform: NodeJS.Platform = 'linux') => {
    const window = openWindow();
    const application = { dispatch, show, subscribe: made.subscribe };
    setupTray(made.electron, { application, window, settings: () => made.settings, resources: '/res', platform });
    return window;
  };

  test('is there while something works, with its state and what can be done', async () => {
    setup();
    expect(FakeTray.open).toEqual([]);
    made.tell({ ...job, status: 'running', progress });
    const [tray] = FakeTray.open;
    expect(tray!.picture).toBe(join('/res', 'tray.png'));
    const status = '“my run”: 25 %, 2 min left';
    expect(labels(tray!.menu)).toEqual([status, 'Pause', 'Stop and Save', 'Show Meander', 'Quit…']);
    expect(tray!.tooltip).toBe(status);
    click(tray!.menu, 'Pause');
    click(tray!.menu, 'Stop and Save');
    expect(dispatch.mock.calls).toEqual([
      ['runs.pause', { name: 'my run' }],
      ['runs.stop', { name: 'my run' }],
    ]);
    made.tell({ ...job, status: 'paused', progress });
    expect(labels(tray!.menu).slice(0, 3)).toEqual(['“my run”: paused, 25 %', 'Resume', 'Stop and Save']);
    made.tell({ ...job, status: 'stopping', progress });
    expect(labels(tray!.menu)[0]).toBe('“my run”: saving, 25 %');
    made.tell({ ...job, kind: 'prepare', id: '2', subject: 'text', status: 'running' });
    expect(labels(tray!.menu)).toContain('“text”: starting');
    click(tray!.menu, 'Cancel Preparation');
    expect(dispatch).toHaveBeenLastCalledWith('datasets.cancel', { name: 'text' });
    made.tell({ ...job, kind: 'prepare', id: '2', subject: 'text', status: 'finished' });
    made.tell({ ...job, status: 'stopped' });
    expect(FakeTray.open).toEqual([]);
  });

  test('its menu is made anew only when it says something else', () => {
    setup();
    for (let done = 500; done < 520; done++)
      made.tell({ ...job, status: 'running', progress: { ...progress, done, total: 1000, secondsLeft: 3000 - done } });
    expect(FakeTray.open[0]!.menusMade).toBe(2);
  });

  test('stays while the window is away, or where it was asked for', () => {
    const window = setup('darwin');
    window.show();
    FakeWindow.opened[0]!.hide();
    expect(FakeTray.open[0]!.picture).toBe(join('/res', 'trayTemplate.png'));
    click(FakeTray.open[0]!.menu, 'Show Meander');
    expect(FakeTray.open).toEqual([]);
    made.set({ closeToTray: true });
    expect(FakeTray.open[0]!.tooltip).toBe('Meander');
    made.set({ closeToTray: false });
    expect(FakeTray.open).toEqual([]);
  });

  test('an action that fails is told in the window', async () => {
    const error = { code: 'not-running', message: 'It ended.', next: 'Look.' };
    dispatch.mockResolvedValueOnce({ ok: false, error });
    setup();
    made.tell({ ...job, status: 'running' });
    click(FakeTray.open[0]!.menu, 'Pause');
    await vi.waitFor(() => expect(show).toHaveBeenCalledWith({ what: 'problem', error }));
    expect(FakeWindow.opened).toHaveLength(1);
  });
});

describe('recent runs', () => {
  let home: string;
  let remove: () => Promise<void>;
  let store: { store: Record<string, unknown>; set: (values: Record<string, unknown>) => void };
  beforeEach(async () => {
    const made = await scratch();
    remove = made.remove;
    home = made.folder;
    store = { store: {}, set: (values) => Object.assign(store.store, values) };
    for (const name of ['a', 'b & c', 'd']) {
      await mkdir(join(home, 'runs', name), { recursive: true });
      await writeFile(join(home, 'runs', name, 'run.json'), '{}');
    }
  });
  afterEach(() => remove());
  const setup = (platform: NodeJS.Platform = 'linux') => {
    const recent = setupRecent(made.electron, { store, home: () => home, platform, program: 'meander.exe' });
    const application = { open, show };
    const openDialog = async () => ['/text'];
    setupMenu(made.electron, { application, window: openWindow(), recent, openDialog, home: () => home, platform });
    const look = async (name: string, ok = true) => {
      dispatch.mockResolvedValueOnce(ok ? { ok, output: { name } } : { ok });
      await recent.watched(dispatch)('runs.get', { name });
    };
    const menu = (): FakeItem[] => made.fake.Menu.setApplicationMenu.mock.lastCall![0];
    const file = () => menu().find(({ label }) => label === '&File')!.submenu!;
    return { recent, look, menu, file, list: () => labels(file().find((i) => i.label === 'Open &Recent')!.submenu!) };
  };

  test('are those whose page was opened, newest first, as long as they are there', async () => {
    const { recent, look, list, file } = setup();
    expect(list()).toEqual(['No runs yet']);
    for (const name of ['a', 'b & c', 'a', 'a', 'gone']) await look(name);
    await look('d', false);
    await recent.watched(dispatch)('runs.list', undefined);
    expect(list()).toEqual(['a', 'b && c', 'Clear']);
    click(file().find((item) => item.label === 'Open &Recent')!.submenu!, 'b && c');
    expect(show).toHaveBeenCalledExactlyOnceWith({ what: 'run', name: 'b & c' });
    expect(setup().list()).toEqual(['a', 'b && c', 'Clear']);
    home = join(home, 'other');
    expect(recent.names()).toEqual([]);
    recent.clear();
    expect(store.store.runs).toEqual([]);
  });

  test('a stored list of another form counts as none', () => {
    store.store.runs = { a: 1 };
    expect(setup().list()).toEqual(['No runs yet']);
  });

  test('on macOS they are documents, and in the Dock', async () => {
    const { recent, look } = setup('darwin');
    await look('a');
    expect(made.fake.app.addRecentDocument).toHaveBeenCalledExactlyOnceWith(join(home, 'runs', 'a'));
    expect(labels(made.fake.app.dock.setMenu.mock.lastCall![0])).toEqual(['a']);
    recent.clear();
    expect(made.fake.app.clearRecentDocuments).toHaveBeenCalledOnce();
    expect(made.fake.app.setJumpList).not.toHaveBeenCalled();
  });

  test('on Windows they are in the jump list, as links', async () => {
    const { look } = setup('win32');
    await look('b & c');
    const [[category]] = made.fake.app.setJumpList.mock.lastCall!;
    expect(category).toMatchObject({ type: 'custom', name: 'Recent runs' });
    expect(category.items).toEqual([
      { type: 'task', title: 'b & c', program: 'meander.exe', args: 'meander://run/b%20%26%20c' },
    ]);
  });

  test.each(['darwin', 'linux'] as const)('the menu on %s', async (platform) => {
    const { file, menu } = setup(platform);
    expect(JSON.stringify(menu())).toContain('"role":"quit"');
    click(file(), '&New Run');
    const app = platform === 'darwin' ? menu()[0]!.submenu! : file();
    click(app, 'Settings…');
    const pages: OpenRequest[] = [
      { what: 'page', page: 'new' },
      { what: 'page', page: 'settings' },
    ];
    expect(show.mock.calls).toEqual(pages.map((page) => [page]));
    await click(file(), 'Open Text &Folder…');
    expect(open).toHaveBeenCalledExactlyOnceWith(['/text'], home);
    click(menu().at(-1)!.submenu!, 'Show Data Folder');
    expect(made.fake.shell.openPath).toHaveBeenCalledWith(home);
    expect(labels(platform === 'darwin' ? app : menu().at(-1)!.submenu!)).toContain('About Meander');
  });
});

describe('what the desktop hands over', () => {
  const start = { args: ['texts'], from: '/home/me' };

  test('waits for the application, then brings the window to the front', () => {
    const window = { show: vi.fn() };
    const opening = setupOpening(made.electron, start)!;
    const preventDefault = vi.fn();
    made.fake.app.emit('open-url', { preventDefault }, 'meander://run/a');
    expect(preventDefault).toHaveBeenCalledOnce();
    opening.connect({ open }, window);
    expect(open.mock.calls).toEqual([
      [['texts'], '/home/me'],
      [['meander://run/a'], '/'],
    ]);
    made.fake.app.emit('activate');
    expect(window.show).toHaveBeenCalledTimes(3);
  });

  test('files that are dropped together are opened together', () => {
    vi.useFakeTimers();
    try {
      setupOpening(made.electron, start)!.connect({ open }, { show: () => {} });
      const preventDefault = vi.fn();
      for (const path of ['/a', '/b']) made.fake.app.emit('open-file', { preventDefault }, path);
      vi.runAllTimers();
      made.fake.app.emit('open-file', { preventDefault }, '/c');
      vi.runAllTimers();
      expect(open.mock.calls.slice(1)).toEqual([
        [['/a', '/b'], '/'],
        [['/c'], '/'],
      ]);
      expect(preventDefault).toHaveBeenCalledTimes(3);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a second start hands its arguments to the first and ends', () => {
    const window = { show: vi.fn() };
    setupOpening(made.electron, { args: [], from: '/' })!.connect({ open }, window);
    const second = (data: unknown) => made.fake.app.emit('second-instance', {}, ['ignored'], '/ignored', data);
    second(start);
    second(null);
    second({ args: 'x', from: 1 });
    expect(open.mock.calls.slice(1)).toEqual([
      [['texts'], '/home/me'],
      [[], '/'],
      [[], '/'],
    ]);
    expect(window.show).toHaveBeenCalledTimes(4);
    made.fake.app.requestSingleInstanceLock.mockReturnValue(false);
    expect(setupOpening(made.electron, start)).toBeNull();
    expect(made.fake.app.requestSingleInstanceLock).toHaveBeenLastCalledWith(start);
  });

  test('Chromium’s switches are no arguments', () => {
    const things = ['a', 'meander://run/b'];
    expect(ownArguments(['meander', '--no-sandbox', ...things, '-psn_0_1'], null)).toEqual(things);
    expect(ownArguments(['meander', '--', ...things], null)).toEqual(things);
    const app = resolve('.');
    for (const before of [[], ['-r', 'loader.js', '--inspect=0']])
      expect(ownArguments(['electron', ...before, '.', ...things], app)).toEqual(things);
    expect(ownArguments(['electron', app], app)).toEqual([]);
  });
});
