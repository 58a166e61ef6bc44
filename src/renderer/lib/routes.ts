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

/** Several names as one segment. */
export const encodeSegments = (names: readonly string[]): string => names.map(encodeSegment).join(',');

/** The names behind a segment of several; each once. */
export const decodeSegments = (segment: string): string[] => [
  ...new Set(segment.split(',').filter(Boolean).map(decodeSegment)),
];

export const routes = {
  datasets: '/datasets',
  newRun: '/new',
  newRunOn: (dataset: string) => `/new/${encodeSegment(dataset)}`,
  newRunLike: (run: string) => `/new/like/${encodeSegment(run)}`,
  runs: '/runs',
  run: (name: string) => `/runs/${encodeSegment(name)}`,
  compare: (names: readonly string[]) => `/compare/${encodeSegments(names)}`,
  averages: '/averages',
  averagesOf: (run: string) => `/averages/${encodeSegment(run)}`,
  models: '/models',
  studies: '/studies',
  study: (name: string) => `/studies/${encodeSegment(name)}`,
  /** A new run that starts from a model. */
  newRunFrom: (path: string) => `/new/from/${encodeSegment(path)}`,
  sample: '/sample',
  sampleOf: (run: string) => `/sample/${encodeSegment(run)}`,
  /** From a model folder of its own. */
  sampleModel: (path: string) => `/sample/model/${encodeSegment(path)}`,
  settings: '/settings',
  doctor: '/settings/doctor',
};
