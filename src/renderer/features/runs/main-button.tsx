import { Button, type ButtonProps } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import type { RunSummary } from '../../../shared/api.ts';
import { call } from '../../door/index.ts';
import { useAction } from '../../store/action.ts';
import { refresh } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { mainAction } from './lib/run-state.ts';

const methods = { start: 'runs.start', resume: 'runs.start', pause: 'runs.pause', continue: 'runs.resume' } as const;

/** Start, pause, continue or resume: whichever makes sense now; nothing while a change is under way. */
export function MainButton({
  run,
  size,
  quiet = false,
}: {
  run: Pick<RunSummary, 'name' | 'status'>;
  size?: ButtonProps['size'];
  /** In lists, where no row should outshine the others. */
  quiet?: boolean;
}) {
  const action = mainAction(run.status);
  const { busy, run: act } = useAction();
  if (!action) return null;
  const pausing = action === 'pause';
  return (
    <Button
      size={size}
      variant={pausing ? 'default' : quiet ? 'light' : 'filled'}
      leftSection={pausing ? <IconPlayerPause size={16} /> : <IconPlayerPlay size={16} />}
      loading={busy}
      onClick={() =>
        act(async () => {
          await call(methods[action], { name: run.name });
          refresh('runs.list', 'runs.get');
        })
      }
    >
      {t.runs.actions[action]}
    </Button>
  );
}
