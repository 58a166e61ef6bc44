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
