import { Button, type ButtonProps } from '@mantine/core';
import { IconSparkles } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { t } from '../../strings.ts';
import { startSampleRun } from './sample-run.ts';

/** A run to look at in one click. */
export function SampleButton(props: ButtonProps) {
  const [, navigate] = useLocation();
  const [busy, setBusy] = useState(false);
  return (
    <Button
      leftSection={<IconSparkles size={16} />}
      loading={busy}
      onClick={async () => {
        setBusy(true);
        await startSampleRun(navigate);
        setBusy(false);
      }}
      {...props}
    >
      {t.settings.sampleRun}
    </Button>
  );
}
