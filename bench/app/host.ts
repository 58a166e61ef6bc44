/** The headless host on a home that is named, with workers that only talk; says its address on standard output. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openApplication } from '../../src/app/application.ts';
import { locate } from '../../src/app/locate.ts';
import { openSettings } from '../../src/app/settings.ts';
import { startHost } from '../../src/server/host.ts';

const onDefect = (error: unknown): void => console.error(error);
const parts = { ...locate(), worker: fileURLToPath(new URL('./worker.ts', import.meta.url)) };
const capabilities = { paths: false, upload: true, dialogs: false, reveal: false };
const application = await openApplication({ parts, settings: openSettings(), host: { capabilities }, onDefect });
const host = await startHost({ application, renderer: join(parts.root, 'out/renderer'), port: 0, onDefect });
process.on('SIGTERM', () => void application.close(1000).then(() => process.exit(0)));
console.log(host.url);
