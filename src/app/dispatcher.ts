/** The one place where calls from outside are checked: both doors send them through here. */
import { z } from 'zod';
import { type Api, type ApiError, api, type Input, type Method, type Output } from '../shared/api.ts';
import { toApiError, UserError } from '../shared/errors.ts';
import { explainFileError } from '../shared/files.ts';

/** One function for every method of the contract; inputs come checked, with defaults filled in. */
export type Handlers = {
  readonly [M in Method]: (input: z.output<Api[M]['input']>) => Output<M> | Promise<Output<M>>;
};

export type Answer = { readonly ok: true; readonly output: unknown } | { readonly ok: false; readonly error: ApiError };
export type Dispatch = (method: unknown, input: unknown) => Promise<Answer>;

/** Answers of up to a million points, each of which was checked when it was read. */
const checkedAtSource: ReadonlySet<Method> = new Set<Method>(['runs.metrics']);

/** `onDefect`: told of every error that is no UserError, for the log. */
export function dispatcher(handlers: Handlers, onDefect: (error: unknown) => void): Dispatch {
  return async (method, input) => {
    try {
      if (typeof method !== 'string' || !Object.hasOwn(api, method))
        throw new UserError('unknown-method', 'The window asked for what this app cannot do.', 'Restart Meander.');
      return { ok: true, output: await call(handlers, method as Method, input) };
    } catch (caught) {
      // What the system says of a full disk or a folder without permission is the user's to solve, not a defect.
      const { path } = (caught ?? {}) as { path?: unknown };
      const error = typeof path === 'string' ? await explainFileError(caught, path) : caught;
      if (!(error instanceof UserError)) onDefect(error);
      return { ok: false, error: toApiError(error) };
    }
  };
}

async function call<M extends Method>(handlers: Handlers, method: M, input: unknown): Promise<unknown> {
  // JSON has no undefined: a method without input gets null over a pipe.
  const parsed = api[method].input.safeParse(input ?? undefined);
  if (!parsed.success)
    throw new UserError('bad-input', z.prettifyError(parsed.error), 'Correct the value that is named and try again.');
  const output = await handlers[method](parsed.data as z.output<Api[M]['input']>);
  return checkedAtSource.has(method) ? output : api[method].output.parse(output);
}

/** For callers in this process: a checked call that throws. */
export function caller(dispatch: Dispatch): <M extends Method>(method: M, input: Input<M>) => Promise<Output<M>> {
  return async <M extends Method>(method: M, input: Input<M>) => {
    const answer = await dispatch(method, input);
    if (!answer.ok) throw new UserError(answer.error.code, answer.error.message, answer.error.next);
    return answer.output as Output<M>;
  };
}
