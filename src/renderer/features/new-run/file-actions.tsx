/** The configuration from a file and to a file, the same JSON that the command line takes. */
import { Button, FileButton, List, Text } from '@mantine/core';
import { IconFileExport, IconFileImport } from '@tabler/icons-react';
import { useRef } from 'react';
import { Notice } from '../../components/notice.tsx';
import { download } from '../../lib/download.ts';
import { formatBytes } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { configFileLimit, configFileText, readConfigFile } from './lib/config-file.ts';
import type { DraftState } from './use-draft.ts';

const texts = t.newRun.file;

export interface FileOutcome {
  readonly kind: 'error' | 'info' | 'warning';
  readonly title: string;
  readonly lines: readonly string[];
}

/** `onOutcome`: what to say about the file that was opened last. */
export function FileActions({ state, onOutcome }: { state: DraftState; onOutcome: (outcome: FileOutcome) => void }) {
  const reset = useRef<() => void>(null);
  const { config } = state.checked;
  const open = async (file: File | null): Promise<void> => {
    if (!file) return;
    reset.current?.();
    if (file.size > configFileLimit) {
      onOutcome({ kind: 'error', title: texts.refused(file.name), lines: [texts.tooLong(formatBytes(file.size))] });
      return;
    }
    const read = readConfigFile(await file.text());
    if ('problems' in read) {
      onOutcome({ kind: 'error', title: texts.refused(file.name), lines: read.problems });
      return;
    }
    const { missing, vocabulary } = state.takeFile(read.config);
    const lines = [
      ...(missing === null ? [] : [texts.datasetMissing(missing)]),
      ...(vocabulary ? [texts.vocabulary] : []),
    ];
    onOutcome({ kind: lines.length > 0 ? 'warning' : 'info', title: texts.taken(file.name), lines });
  };
  return (
    <>
      <FileButton onChange={open} accept=".json,application/json" resetRef={reset}>
        {(props) => (
          <Button {...props} variant="default" size="xs" leftSection={<IconFileImport size={15} />}>
            {texts.open}
          </Button>
        )}
      </FileButton>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconFileExport size={15} />}
        disabled={config === null}
        title={config === null ? texts.saveLater : undefined}
        onClick={() => config && download(`${config.name}.json`, configFileText(config), 'application/json')}
      >
        {texts.save}
      </Button>
    </>
  );
}

export function FileNotice({ outcome, onClose }: { outcome: FileOutcome; onClose: () => void }) {
  return (
    <Notice kind={outcome.kind} title={outcome.title}>
      {outcome.lines.length > 0 && (
        <List size="sm" spacing={2}>
          {outcome.lines.map((line) => (
            <List.Item key={line}>
              <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                {line}
              </Text>
            </List.Item>
          ))}
        </List>
      )}
      <Button size="compact-xs" variant="default" onClick={onClose}>
        {t.common.close}
      </Button>
    </Notice>
  );
}
