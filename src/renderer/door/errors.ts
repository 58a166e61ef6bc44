import type { ApiError } from '../../shared/api.ts';

/** An answer that says no, with the next step to take. */
export class DoorError extends Error {
  override readonly name = 'DoorError';
  readonly code: string;
  readonly next: string;
  constructor({ code, message, next }: ApiError) {
    super(message);
    this.code = code;
    this.next = next;
  }
}

/** Anything thrown, in the words of an answer. Electron's door throws plain objects with the same fields. */
export function asApiError(error: unknown): ApiError {
  if (error !== null && typeof error === 'object' && 'code' in error && 'message' in error && 'next' in error) {
    const { code, message, next } = error;
    return { code: String(code), message: String(message), next: String(next) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message, next: 'This is a defect of Meander: please report it.' };
}
