/** The ways into a sweep: from a run's menu, and from the form of a new run. */
import { Button, Menu, Tooltip } from '@mantine/core';
import { IconGridDots } from '@tabler/icons-react';
import { useState } from 'react';
import type { RunSummary } from '../../../shared/api.ts';
import type { RunConfig } from '../../../shared/config.ts';
import { isChild } from '../../../shared/fork.ts';
import { t } from '../../strings.ts';
import { SweepDialog } from './sweep-dialog.tsx';

/**
 * In the menu of a run: a sweep from its configuration. A child's start is not a recipe, so it has none to give. The
 * dialog is the caller's, since a menu that closes takes along what is in it.
 */
export function SweepItem({ run, onOpen }: { run: Pick<RunSummary, 'status' | 'config'>; onOpen: () => void }) {
  const child = isChild(run.config.init);
  return (
    <Tooltip label={t.sweep.child} disabled={!child} position="left">
      <div>
        <Menu.Item
          leftSection={<IconGridDots size={16} />}
          disabled={child || run.status === 'broken'}
          onClick={onOpen}
        >
          {t.sweep.open}
        </Menu.Item>
      </div>
    </Tooltip>
  );
}

/** On the page of a new run: a sweep from its form. @param base null while something in the form is wrong */
export function SweepButton({ base }: { base: RunConfig | null }) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Tooltip label={t.sweep.unready} disabled={base !== null}>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconGridDots size={15} />}
          aria-disabled={base === null}
          data-disabled={base === null || undefined}
          onClick={() => base !== null && setOpened(true)}
        >
          {t.sweep.open}
        </Button>
      </Tooltip>
      {opened && base && <SweepDialog base={base} like={null} onClose={() => setOpened(false)} />}
    </>
  );
}
