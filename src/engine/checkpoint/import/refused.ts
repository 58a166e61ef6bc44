/** What foreign weight files throw: damage, and pickles that want more than tensors need. */
import { UserError } from '../../errors.ts';

/** A file that is not what it claims to be; names the file and the reason. */
export function damagedTorch(path: string, reason: string): UserError {
  return new UserError(
    'file-damaged',
    `${path} is not a usable PyTorch file: ${reason}.`,
    'Copy or download the file again, or use another checkpoint.',
  );
}

/** A pickle that asks for code, or for anything else that weights do not need. Nothing of it has been run. */
export function pickleRefused(path: string, reason: string): UserError {
  return new UserError(
    'pickle-refused',
    `${path} was refused: ${reason}. Nothing in it was run.`,
    'If the file is your own, save its weights alone as safetensors or with torch.save(model.state_dict()); if not, ask for safetensors.',
  );
}

/** A name from a foreign file, safe and short enough for a message. */
export const quote = (value: unknown): string => JSON.stringify(String(value).slice(0, 120));
