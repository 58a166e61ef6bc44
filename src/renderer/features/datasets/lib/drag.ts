/** What a drop would do, from what a browser tells before it happens: how many items, and of which kind if it knows. */
import { formatCount } from '../../../lib/format.ts';
import { t } from '../../../strings.ts';

export interface DraggedItem {
  readonly kind: string;
  /** MIME type; empty for a folder, and for a file that the system does not know. */
  readonly type: string;
}

const texts = t.datasets.drop;
const readable =
  /^(text\/(plain|markdown|csv|tab-separated-values)|application\/(json|jsonl|x-ndjson|gzip|x-gzip|zstd))$/;

/** `paths`: files are read where they lie; else they are copied first. */
export function describeDrag(items: readonly DraggedItem[], paths: boolean): { title: string; text: string } {
  const files = items.filter(({ kind }) => kind === 'file');
  const foreign = files.filter(({ type }) => type !== '' && !readable.test(type));
  const unknown = files.filter(({ type }) => type === '');
  const way = paths ? texts.readInPlace : texts.copied;
  const title = files.length > 1 ? texts.titleMany(formatCount(files.length)) : texts.title;
  if (files.length > 0 && foreign.length === files.length)
    return { title: texts.titleForeign, text: texts.foreign(kindsOf(foreign)) };
  const parts = [
    unknown.length > 0 ? texts.searched : texts.known,
    ...(files.length > 1 ? [texts.together] : []),
    ...(foreign.length > 0 ? [texts.skipped(formatCount(foreign.length), kindsOf(foreign))] : []),
    way,
  ];
  return { title, text: parts.join(' ') };
}

const kindsOf = (items: readonly DraggedItem[]): string => [...new Set(items.map(({ type }) => type))].join(', ');
