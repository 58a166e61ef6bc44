/** The Electron door: hands the window the contract of shared/api.ts as `window.meander`, and nothing else. */
import { contextBridge, type IpcRendererEvent, ipcRenderer, webUtils } from 'electron';
import type { ApiError, AppEvent, Door, Input, Method, Output } from '../shared/api.ts';
import { channels } from '../shared/ipc.ts';

type Answer = { ok: true; output: unknown } | { ok: false; error: ApiError };

const door: Door = {
  async call<M extends Method>(method: M, input: Input<M>): Promise<Output<M>> {
    const answer = (await ipcRenderer.invoke(channels.call, method, input)) as Answer;
    if (answer.ok) return answer.output as Output<M>;
    // A plain object: of an Error, the bridge would carry the message alone.
    throw answer.error;
  },
  subscribe(listener: (event: AppEvent) => void) {
    const receive = (_: IpcRendererEvent, event: AppEvent): void => listener(event);
    ipcRenderer.on(channels.event, receive);
    return () => {
      ipcRenderer.off(channels.event, receive);
    };
  },
  pathOf: (file) => webUtils.getPathForFile(file) || null,
  upload: async () => {
    throw { code: 'not-here', message: 'Files are read where they are.', next: 'Drop them on the window.' };
  },
};

contextBridge.exposeInMainWorld('meander', door);
