/** Links to a run, as other programs may hold them: `meander://run/<name>`, the name percent-encoded. */
import { UserError } from '../shared/errors.ts';
import { isPlainName } from './names.ts';

export const linkScheme = 'meander';
const runLinkForm = /^meander:\/\/run\/([A-Za-z0-9._~!'()*%-]{1,1000})\/?$/;

/** Whether an argument means to be a link of ours, valid or not. */
export const isLink = (argument: string): boolean => argument.toLowerCase().startsWith(`${linkScheme}:`);

export const runLink = (name: string): string =>
  `${linkScheme}://run/${encodeURIComponent(name).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)}`;

/**
 * Name of the run that a link names. Any web page can hold one, so it names a run to look at and can do nothing more.
 * @throws UserError 'bad-link'
 */
export function runOfLink(link: string): string {
  const name = decode(runLinkForm.exec(link)?.[1]);
  if (name !== null && isPlainName(name)) return name;
  const shown = link.length > 80 ? `${link.slice(0, 80)}…` : link;
  throw new UserError('bad-link', `"${shown}" is no link to a run.`, 'A link looks like meander://run/NAME.');
}

function decode(segment: string | undefined): string | null {
  try {
    return segment === undefined ? null : decodeURIComponent(segment);
  } catch {
    return null;
  }
}
