/** The shell as a whole, over an Electron that only writes down what it is asked: that its parts fit together. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { channels } from '../shared/ipc.ts';
import { pageUrl } from './page.ts';
import { FakeWindow, fakeElectron } from './testing/fake-electron.ts';

let folder: string;
const made = fakeElectron();
vi.mock('electron', () => made.fake);
vi.mock('electron-store', async () => {
  const { default: Conf } = await import('conf');
  return {
    default: class extends Conf {
      constructor({ name }: { name: string }) {
        super({ cwd: folder, configName: name });
      }
    },
  };
});
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const { argv } = process;
const heard = signals.map((signal) => process.listeners(signal));
beforeEach(async () => {
  process.argv = ['meander'];
  folder = await mkdtemp(join(tmpdir(), 'meander-shell-'));
  vi.stubEnv('MEANDER_HOME', join(folder, 'home'));
});
afterEach(async () => {
  process.argv = argv;
  signals.forEach((signal, i) => {
    for (const listener of process.listeners(signal)) if (!heard[i]!.includes(listener)) process.off(signal, listener);
  });
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

test('it starts, opens the page, answers it, shows what is handed over, and ends', async () => {
  const { app, ipcMain, Menu, protocol, session } = made.fake;
  await import('./index.ts');
  await vi.waitFor(() => expect(FakeWindow.opened).toHaveLength(1), { timeout: 10_000 });
  const [window] = FakeWindow.opened;
  expect(window!.loadURL).toHaveBeenCalledWith(pageUrl);
  for (const step of [app.enableSandbox, protocol.registerSchemesAsPrivileged])
    expect(step.mock.invocationCallOrder[0]).toBeLessThan(app.whenReady.mock.invocationCallOrder[0]!);
  expect(protocol.handle).toHaveBeenCalledOnce();
  expect(session.defaultSession.setPermissionRequestHandler).toHaveBeenCalledOnce();
  expect(Menu.setApplicationMenu).toHaveBeenCalled();

  const call = (method: string, input?: unknown) => {
    const senderFrame = { url: pageUrl, parent: null };
    return ipcMain.handle.mock.calls[0]![1]({ sender: window!.webContents, senderFrame }, method, input);
  };
  expect(await call('settings.get')).toMatchObject({ ok: true, output: { home: join(folder, 'home') } });
  await call('app.opened');
  app.emit('second-instance', {}, [], '', { args: ['meander://run/none'], from: '/' });
  await vi.waitFor(() => expect(window!.webContents.send).toHaveBeenCalledWith(channels.event, { type: 'open' }));
  expect(await call('app.opened')).toMatchObject({
    output: [{ what: 'problem', error: { code: 'no-run' } }],
  });

  const preventDefault = vi.fn();
  app.emit('before-quit', { preventDefault });
  expect(preventDefault).toHaveBeenCalledOnce();
  await vi.waitFor(() => expect(app.quit).toHaveBeenCalledOnce());
  app.emit('before-quit', { preventDefault });
  expect(preventDefault).toHaveBeenCalledOnce();
});
