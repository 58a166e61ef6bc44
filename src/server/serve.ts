/** Opens the application and its loopback host, and ends both in order: for `meander serve` and for the window. */
import { openApplication } from '../app/application.ts';
import { locate } from '../app/locate.ts';
import { openSettings } from '../app/settings.ts';
import { startHost } from './host.ts';

export interface Serving {
  readonly url: string;
  /** Names of the runs that train or wait. */
  busy(): string[];
  /** Every worker saves and ends, then the connections. */
  close(): Promise<void>;
}

export async function serve(options: { port: number; onDefect: (error: unknown) => void }): Promise<Serving> {
  const parts = locate();
  const { onDefect } = options;
  const capabilities = { paths: false, upload: true, dialogs: false, reveal: false };
  const application = await openApplication({ parts, settings: openSettings(), host: { capabilities }, onDefect });
  const host = await startHost({ application, renderer: parts.renderer, port: options.port, onDefect }).catch(
    async (error: unknown) => {
      await application.close();
      throw error;
    },
  );
  return {
    url: host.url,
    busy: () => application.busy(),
    async close() {
      // The connections last, so that open windows see their runs being saved.
      await application.close();
      await host.close();
    },
  };
}
