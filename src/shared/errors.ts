import type { ApiError } from './api.ts';

/**
 * An error that a user can act on. The message names the thing and the reason; `next` the next step.
 * Everything a user can cause throws this; anything else is a defect of ours.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** Stable word for programs, e.g. 'dataset-too-short'. */
  readonly code: string;
  readonly next: string;
  constructor(code: string, message: string, next: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.next = next;
  }
}

/** The error as it crosses a door or a pipe; one that is no UserError is named a defect. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof UserError) return { code: error.code, message: error.message, next: error.next };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message, next: 'This is a defect of Meander: please report it with the log.' };
}
