/** A tokenizer.json that is chosen or dropped, for the form that asks for one. */
import type { Capabilities } from '../../../shared/api.ts';
import { door } from '../../door/index.ts';

type Taker = (file: File) => void;
let taker: Taker | null = null;

/** While the form asks for a tokenizer's file, one that is dropped goes to `take`. @returns the end of that */
export function takesTokenizer(take: Taker): () => void {
  taker = take;
  return () => {
    if (taker === take) taker = null;
  };
}

/** Whether a drop was one tokenizer's file that the form asks for, and was taken. */
export function tookTokenizer({ files }: Pick<DataTransfer, 'files'>): boolean {
  if (taker === null || files.length !== 1 || !/tokenizer.*\.json$/i.test(files[0].name)) return false;
  taker(files[0]);
  return true;
}

/** Where the host reads it: where it lies, or a copy among what is uploaded. @throws DoorError */
export async function tokenizerPath(file: File, capabilities: Capabilities | undefined): Promise<string> {
  const own = capabilities?.paths ? door.pathOf(file) : null;
  if (own !== null) return own;
  const [staged] = await door.upload([{ name: file.name, file }], () => {});
  return staged;
}
