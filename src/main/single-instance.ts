import type { ElectronApi } from './electron-api.ts';

/** A second start shows the first one's window. @returns false where this is the second: quit then. */
export function setupSingleInstance({ app }: Pick<ElectronApi, 'app'>, show: () => void): boolean {
  if (!app.requestSingleInstanceLock()) return false;
  app.on('second-instance', show);
  return true;
}
