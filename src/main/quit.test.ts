import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { setupQuit } from './quit.ts';
import { type Fake, FakeWindow, fakeElectron } from './testing/fake-electron.ts';

let made: Fake;
let busy: string[];
let signals: EventEmitter;
const close = vi.fn(async () => {});
const onHidden = vi.fn();
beforeEach(() => {
  made = fakeElectron();
  busy = [];
  signals = new EventEmitter();
  close.mockReset();
  onHidden.mockReset();
});

const setup = (platform: NodeJS.Platform = 'linux') => {
  const window = new FakeWindow({ webPreferences: {} });
  setupQuit(made.electron, {
    application: { busy: () => busy, close },
    window: { current: () => window as never },
    settings: () => made.settings,
    onHidden,
    platform,
    signals,
  });
  made.fake.app.emit('browser-window-created', {}, window);
  return window;
};
/** Whether quitting was held up. */
const quit = (): boolean => {
  const preventDefault = vi.fn();
  made.fake.app.emit('before-quit', { preventDefault });
  return preventDefault.mock.calls.length > 0;
};
const closing = (window: FakeWindow): boolean => {
  const preventDefault = vi.fn();
  window.emit('close', { preventDefault });
  return preventDefault.mock.calls.length > 0;
};
const showMessageBox = () => made.fake.dialog.showMessageBox;
const answer = (response: number) => showMessageBox().mockResolvedValueOnce({ response });
const settled = async (times: number) => {
  await vi.waitFor(() => expect(showMessageBox()).toHaveBeenCalledTimes(times));
  await new Promise((resolve) => setImmediate(resolve));
};

describe('while something trains', () => {
  beforeEach(() => {
    busy = ['my run', 'other'];
  });

  test('the question names it and its three answers; cancel changes nothing', async () => {
    const window = setup();
    answer(2);
    expect(quit()).toBe(true);
    await settled(1);
    expect(showMessageBox().mock.calls[0]).toEqual([
      window,
      expect.objectContaining({
        message: '“my run” and 1 more is not finished.',
        buttons: ['Keep Training', 'Save and Quit', 'Cancel'],
        cancelId: 2,
      }),
    ]);
    expect(close).not.toHaveBeenCalled();
    expect(window.hide).not.toHaveBeenCalled();
    expect(quit()).toBe(true);
    await settled(2);
  });

  test('keep training hides the window, says so, and asks again next time', async () => {
    const window = setup();
    answer(0);
    expect(closing(window)).toBe(true);
    quit();
    await settled(1);
    expect(window.visible).toBe(false);
    expect(onHidden).toHaveBeenCalledExactlyOnceWith('my run');
    expect(close).not.toHaveBeenCalled();
    answer(2);
    quit();
    await settled(2);
    // A hidden window cannot hold the question.
    expect(showMessageBox().mock.calls[1]).toHaveLength(1);
  });

  test('save and quit asks once, lets workers end, and then quits', async () => {
    setup();
    answer(1);
    quit();
    quit();
    await vi.waitFor(() => expect(made.fake.app.quit).toHaveBeenCalledOnce());
    expect(showMessageBox()).toHaveBeenCalledOnce();
    expect(close).toHaveBeenCalledOnce();
    expect(quit()).toBe(false);
  });

  test('a window that closes to the tray asks nothing', () => {
    made.set({ closeToTray: true });
    const window = setup();
    expect(closing(window)).toBe(true);
    expect(window.visible).toBe(false);
    expect(made.fake.app.quit).not.toHaveBeenCalled();
    expect(onHidden).toHaveBeenCalledExactlyOnceWith('my run');
  });

  test.each(['a signal', 'the end of the session', 'the end of the session on Windows'])(
    '%s saves without a question, once',
    async (what) => {
      const window = setup();
      const preventDefault = vi.fn();
      for (let time = 0; time < 2; time++) {
        if (what === 'a signal') signals.emit('SIGTERM');
        else if (what.endsWith('Windows')) window.emit('session-end');
        else made.fake.powerMonitor.emit('shutdown', { preventDefault });
      }
      await vi.waitFor(() => expect(made.fake.app.quit).toHaveBeenCalledOnce());
      expect(showMessageBox()).not.toHaveBeenCalled();
      expect(close).toHaveBeenCalledOnce();
      expect(quit()).toBe(false);
    },
  );
});

test('asks nothing while nothing works, but lets workers end', async () => {
  setup();
  quit();
  await vi.waitFor(() => expect(made.fake.app.quit).toHaveBeenCalledOnce());
  expect(showMessageBox()).not.toHaveBeenCalled();
  expect(close).toHaveBeenCalledOnce();
});

test('what fails while closing does not keep the app open', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  setup();
  close.mockRejectedValueOnce(new Error('disk'));
  quit();
  await vi.waitFor(() => expect(made.fake.app.quit).toHaveBeenCalledOnce());
  expect(quit()).toBe(false);
  expect(error).toHaveBeenCalledOnce();
  error.mockRestore();
});

test('closing the window means quitting; it stays open until all is saved', async () => {
  const window = setup();
  expect(closing(window)).toBe(true);
  expect(made.fake.app.quit).toHaveBeenCalledOnce();
  quit();
  await vi.waitFor(() => expect(made.fake.app.quit).toHaveBeenCalledTimes(2));
  // Electron closes the windows after before-quit has passed.
  expect(quit()).toBe(false);
  expect(closing(window)).toBe(false);
});

test('on macOS the app outlives its window', () => {
  const window = setup('darwin');
  expect(closing(window)).toBe(false);
  made.fake.app.emit('window-all-closed');
  expect(made.fake.app.quit).not.toHaveBeenCalled();
});
