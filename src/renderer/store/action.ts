/** Something a button does: busy while it lasts, its failure said where the user looks. */
import { notifications } from '@mantine/notifications';
import { useCallback, useState } from 'react';
import { asApiError } from '../door/errors.ts';

/** Says what failed and what to do next. */
export function tellFailure(error: unknown): void {
  const { message, next } = asApiError(error);
  notifications.show({ color: 'red', title: message, message: next, autoClose: 12_000 });
}

/** Runs one action at a time. Resolves to whether it worked; a failure is shown as a notification. */
export function useAction(): { busy: boolean; run: (action: () => Promise<unknown>) => Promise<boolean> } {
  const [busy, setBusy] = useState(false);
  const run = useCallback(async (action: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await action();
      return true;
    } catch (error) {
      tellFailure(error);
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  return { busy, run };
}
