/** Addresses of pages. Names of runs may hold any character, so they are written in unreserved ones. */

/** A name as one path segment: like percent-encoding, with ~ in place of %. */
export function encodeSegment(name: string): string {
  return encodeURIComponent(name)
    .replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
    .replaceAll('%', '~');
}

/** The name behind a segment; a segment that no name makes is returned as it is. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment.replaceAll('~', '%'));
  } catch {
    return segment;
  }
}

export const routes = {
  datasets: '/datasets',
  newRun: '/new',
  newRunOn: (dataset: string) => `/new/${encodeSegment(dataset)}`,
  runs: '/runs',
  run: (name: string) => `/runs/${encodeSegment(name)}`,
  settings: '/settings',
};
