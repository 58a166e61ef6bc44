import { join } from 'node:path';
import { prepareConfig } from '../shared/dataset.ts';
import { UserError } from '../shared/errors.ts';

const plainName = prepareConfig.shape.name;
/** Names that Windows keeps for devices, with any extension. */
const deviceName = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i;

/** Whether a name is one plain path segment on every system. */
export function isPlainName(name: string): boolean {
  if (!plainName.safeParse(name).success || deviceName.test(name) || /[. ]$/.test(name)) return false;
  return ![...name].some((character) => character.codePointAt(0)! < 32);
}

/** The folder of that name. @throws UserError 'bad-name', so that no name reaches outside of `parent`. */
export function folderOf(parent: string, name: string): string {
  if (!isPlainName(name))
    throw new UserError(
      'bad-name',
      `"${name}" cannot be a folder's name.`,
      'Use a plain name of at most 100 characters.',
    );
  return join(parent, name);
}

/**
 * Segments of a relative path as an upload names it, or null when it could lead outside, or onto a device:
 * absolute, `..`, empty or dot segments, backslashes, control characters, drive letters, device names.
 */
export function relativeSegments(path: string): string[] | null {
  if (path.length === 0 || path.length > 1000) return null;
  const segments = path.split('/');
  const safe = segments.every(
    (segment) =>
      segment !== '' &&
      segment.length <= 255 &&
      segment !== '.' &&
      segment !== '..' &&
      !/[\\:*?"<>|]/.test(segment) &&
      !/[. ]$/.test(segment) &&
      !deviceName.test(segment) &&
      ![...segment].some((character) => character.codePointAt(0)! < 32 || character.codePointAt(0) === 127),
  );
  return safe ? segments : null;
}
