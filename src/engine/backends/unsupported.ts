/** What a backend says of an architecture whose operations it does not have. */
import { UserError } from '../errors.ts';
import type { AnyOp } from '../program/types.ts';
import type { BackendName } from './backend.ts';

/** 'backend-unsupported': the operation, and what to choose instead. */
export function unsupported(backend: BackendName, { kind }: AnyOp): UserError {
  return new UserError(
    'backend-unsupported',
    `The ${backend} backend runs GPT-2 only: it has no ${kind} of this model.`,
    'Set device.backend to native or auto.',
  );
}
