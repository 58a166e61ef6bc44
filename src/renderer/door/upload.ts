/** Streams dropped files to the host's staging folder. */
import { z } from 'zod';
import { apiError } from '../../shared/api.ts';
import { DoorError } from './errors.ts';

export interface UploadFile {
  /** Relative to the drop, with forward slashes. */
  readonly name: string;
  readonly file: File;
}

const answer = z.object({ path: z.string() });
const streams = 3;

/**
 * Sends every file and resolves to the staged top-level items: the host answers with the one that holds the file, so
 * a dropped folder is one path, however many files it holds. `onProgress` is told bytes. @throws DoorError when the host refuses a file or the connection breaks.
 */
export async function uploadFiles(
  files: readonly UploadFile[],
  onProgress: (done: number, total: number) => void,
): Promise<string[]> {
  const batch = crypto.randomUUID();
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  const sent = new Float64Array(files.length);
  const staged: string[] = new Array(files.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < files.length) {
      const i = next++;
      staged[i] = await put(batch, files[i], (bytes) => {
        sent[i] = bytes;
        onProgress(
          sent.reduce((a, b) => a + b, 0),
          total,
        );
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(streams, files.length) }, worker));
  return [...new Set(staged)];
}

function put(batch: string, { name, file }: UploadFile, onBytes: (bytes: number) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', `/upload/${batch}/${name.split('/').map(encodeURIComponent).join('/')}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = (event) => onBytes(event.loaded);
    request.onload = () => {
      const body = parse(request.responseText);
      const good = answer.safeParse(body);
      if (request.status < 300 && good.success) {
        onBytes(file.size);
        resolve(good.data.path);
        return;
      }
      const said = apiError.safeParse((body as { error?: unknown } | null)?.error ?? body);
      reject(new DoorError(said.success ? said.data : refused(name, `the host answered ${request.status}`)));
    };
    request.onerror = () => reject(new DoorError(refused(name, 'the connection broke')));
    request.send(file);
  });
}

const refused = (name: string, why: string) => ({
  code: 'upload-failed',
  message: `"${name}" could not be sent: ${why}.`,
  next: 'Check that Meander still runs and has space on its disk, then drop it again.',
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
