import type { Door } from '../shared/api.ts';

declare global {
  interface Window {
    /** Put here by the preload script where the window runs in Electron. */
    readonly meander?: Door;
  }
}
