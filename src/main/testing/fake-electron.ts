/** As much of Electron as the shell touches, with everything that it did written down. */
import { EventEmitter } from 'node:events';
import { vi } from 'vitest';
import { newJob } from '../../app/supervisor.ts';
import type { AppEvent, Job, Settings } from '../../shared/api.ts';
import type { ElectronApi } from '../electron-api.ts';
import { pageUrl } from '../page.ts';

export class FakeContents extends EventEmitter {
  send = vi.fn();
  reload = vi.fn();
  forcefullyCrashRenderer = vi.fn();
  isDestroyed = () => false;
  getURL = () => pageUrl;
  openHandler: (() => { action: string }) | null = null;
  setWindowOpenHandler(handler: () => { action: string }): void {
    this.openHandler = handler;
  }
}

export class FakeWindow extends EventEmitter {
  static opened: FakeWindow[] = [];
  readonly options: Record<string, unknown> & { webPreferences: Record<string, unknown> };
  readonly webContents = new FakeContents();
  loadURL = vi.fn(async () => {});
  focus = vi.fn();
  restore = vi.fn();
  setProgressBar = vi.fn();
  visible = true;
  minimized = false;
  focused = false;
  show = vi.fn(() => {
    this.visible = true;
    this.emit('show');
  });
  hide = vi.fn(() => {
    this.visible = false;
    this.emit('hide');
  });
  isVisible = () => this.visible;
  isMinimized = () => this.minimized;
  isFocused = () => this.focused;
  isDestroyed = () => false;
  constructor(options: FakeWindow['options']) {
    super();
    this.options = options;
    FakeWindow.opened.push(this);
  }
}

export class FakeNotification extends EventEmitter {
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

export interface FakeItem {
  label?: string;
  role?: string;
  enabled?: boolean;
  submenu?: FakeItem[];
  click?: () => unknown;
}

export class FakeTray extends EventEmitter {
  static open: FakeTray[] = [];
  menu: FakeItem[] = [];
  menusMade = 0;
  tooltip = '';
  readonly picture: unknown;
  constructor(picture: unknown) {
    super();
    this.picture = picture;
    FakeTray.open.push(this);
  }
  setToolTip(text: string): void {
    this.tooltip = text;
  }
  setContextMenu(menu: FakeItem[]): void {
    this.menu = menu;
    this.menusMade++;
  }
  destroy(): void {
    FakeTray.open = FakeTray.open.filter((tray) => tray !== this);
  }
}

function makeFake() {
  const app = Object.assign(new EventEmitter(), {
    name: 'Meander',
    quit: vi.fn(),
    exit: vi.fn(),
    setPath: vi.fn(),
    enableSandbox: vi.fn(),
    setAppUserModelId: vi.fn(),
    setAboutPanelOptions: vi.fn(),
    whenReady: vi.fn(async () => {}),
    requestSingleInstanceLock: vi.fn((_data: unknown) => true),
    addRecentDocument: vi.fn(),
    clearRecentDocuments: vi.fn(),
    setJumpList: vi.fn(),
    showAboutPanel: vi.fn(),
    dock: { setMenu: vi.fn() },
  });
  const defaultSession = {
    setPermissionRequestHandler: vi.fn(),
    setPermissionCheckHandler: vi.fn(),
    setDevicePermissionHandler: vi.fn(),
    webRequest: { onBeforeRequest: vi.fn() },
  };
  class BrowserWindow extends FakeWindow {
    constructor(options: FakeWindow['options']) {
      super(options);
      app.emit('browser-window-created', {}, this);
    }
  }
  return {
    app,
    session: { defaultSession },
    BrowserWindow,
    Notification: FakeNotification,
    Tray: FakeTray,
    Menu: { buildFromTemplate: vi.fn((template: FakeItem[]) => template), setApplicationMenu: vi.fn() },
    dialog: {
      showErrorBox: vi.fn(),
      showMessageBox: vi.fn(async (..._args: unknown[]) => ({ response: 0 })),
      showOpenDialog: vi.fn(async (..._args: unknown[]) => ({ filePaths: ['/a'] })),
    },
    ipcMain: { handle: vi.fn() },
    nativeImage: { createFromPath: vi.fn((path: string) => path) },
    powerMonitor: new EventEmitter(),
    powerSaveBlocker: { start: vi.fn(() => 5), stop: vi.fn() },
    protocol: { registerSchemesAsPrivileged: vi.fn(), handle: vi.fn() },
    shell: { showItemInFolder: vi.fn(), openPath: vi.fn(async () => '') },
  };
}

export interface Fake {
  readonly fake: ReturnType<typeof makeFake>;
  readonly electron: ElectronApi;
  readonly subscribe: (listener: (event: AppEvent) => void) => () => void;
  emit(event: AppEvent): void;
  /** A job changed. */
  tell(job: Job): void;
  settings: Pick<Settings, 'notifyFinished' | 'notifyFailed' | 'keepAwake' | 'closeToTray'>;
  /** The user changed settings. */
  set(values: Partial<Fake['settings']>): void;
}

export function fakeElectron(): Fake {
  const fake = makeFake();
  const listeners = new Set<(event: AppEvent) => void>();
  FakeWindow.opened = [];
  FakeNotification.shown = [];
  FakeTray.open = [];
  const made: Fake = {
    fake,
    electron: fake as unknown as ElectronApi,
    settings: { notifyFinished: true, notifyFailed: true, keepAwake: true, closeToTray: false },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
    tell: (job) => made.emit({ type: 'job', job }),
    set: (values) => {
      made.settings = { ...made.settings, ...values };
      made.emit({ type: 'changed', what: 'settings' });
    },
  };
  return made;
}

export const job: Job = newJob('train', 'my run');
export const progress = {
  phase: 'training',
  done: 5,
  total: 20,
  unit: 'steps',
  rate: 1,
  secondsLeft: 100,
  reason: null,
} as const;
