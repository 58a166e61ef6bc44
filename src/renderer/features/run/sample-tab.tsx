/** Raw weights and an average continue the same prompt with the same seed, side by side. */
import { Button, Group, Paper, Select, SimpleGrid, Stack, Text, Textarea } from '@mantine/core';
import { IconPlayerStop, IconSparkles } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { RunDetail } from '../../../shared/api.ts';
import { sampleOptions } from '../../../shared/jobs.ts';
import { NumberField } from '../../components/number-field.tsx';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { CopyIcon } from '../../components/text.tsx';
import { call, door } from '../../door/index.ts';
import { tellFailure, useAction } from '../../store/action.ts';
import { t } from '../../strings.ts';
import { isTraining } from '../runs/lib/run-state.ts';
import classes from './run.module.css';

const texts = t.run.sample;

type Texts = Readonly<Record<string, string>>;

export function SampleTab({ run, ids }: { run: RunDetail; ids: readonly string[] }) {
  const [prompt, setPrompt] = useState('');
  const [options, setOptions] = useState({ tokens: 200, temperature: 0.8, topK: 0, topP: 1, seed: 1 });
  const [beside, setBeside] = useState<string | null>(run.bestAverage?.id ?? ids[0] ?? null);
  const [said, setSaid] = useState<Texts>({});
  const [turn, setTurn] = useState<string | null>(null);
  /** Asked to stop: what would come after is not asked for. */
  const stopping = useRef(false);
  const { busy, run: act } = useAction();
  const parsed = sampleOptions.safeParse({ ...options, ...(prompt === '' ? {} : { prompt }) });
  const possible = isTraining(run.status) || run.checkpoints.length > 0;
  const shown = ['raw', ...(beside ? [beside] : [])];
  /** Whose pieces are written down; those of an answer that is whole already are not. */
  const writing = useRef<string | null>(null);
  const [asked, setAsked] = useState('');
  const { name } = run;

  useEffect(() => {
    let buffered: Record<string, string> = {};
    let frame = 0;
    const leave = door.subscribe((event) => {
      if (event.type !== 'text' || event.run !== name || event.of !== writing.current) return;
      buffered[event.of] = (buffered[event.of] ?? '') + event.piece;
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        const pieces = Object.entries(buffered).filter(([of]) => of === writing.current);
        buffered = {};
        setSaid((before) => {
          const next = { ...before };
          for (const [of, piece] of pieces) next[of] = (next[of] ?? '') + piece;
          return next;
        });
      });
    });
    return () => {
      cancelAnimationFrame(frame);
      leave();
    };
  }, [name]);

  const start = () => {
    if (!parsed.success) return;
    setSaid({});
    stopping.current = false;
    setAsked(prompt);
    void act(async () => {
      try {
        // One after the other: both draw on the same cores, and the first can be read while the second is written.
        for (const of of shown) {
          if (stopping.current) break;
          setTurn(of);
          writing.current = of;
          const { text } = await call('runs.sample', { name, weights: { step: null, of }, options: parsed.data });
          writing.current = null;
          setSaid((before) => ({ ...before, [of]: text }));
        }
      } finally {
        writing.current = null;
        setTurn(null);
      }
    });
  };

  const stop = () => {
    stopping.current = true;
    call('runs.stopSample', { name }).catch(tellFailure);
  };

  const number = (key: keyof typeof options, label: string, by?: number, title?: string) => (
    <NumberField
      size="xs"
      label={label}
      title={title}
      by={by}
      value={options[key]}
      onChange={(value) => setOptions({ ...options, [key]: value })}
      error={parsed.success ? null : parsed.error.issues.some((issue) => issue.path[0] === key)}
    />
  );
  return (
    <Stack gap="sm">
      <Textarea
        label={texts.prompt}
        value={prompt}
        onChange={(event) => setPrompt(event.currentTarget.value)}
        autosize
        minRows={2}
        maxRows={6}
      />
      <div className={classes.sampleFields}>
        {number('tokens', texts.tokens, 10)}
        {number('temperature', texts.temperature, 0.1)}
        {number('topK', texts.topK, 1, texts.topKNote)}
        {number('topP', texts.topP)}
        {number('seed', texts.seed, 1)}
        {ids.length > 0 && (
          <Select
            size="xs"
            label={texts.beside}
            data={[...ids]}
            value={beside}
            onChange={(id) => id && setBeside(id)}
            allowDeselect={false}
          />
        )}
      </div>
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          {possible ? texts.idle : texts.noWeights}
        </Text>
        {busy ? (
          <Button variant="default" leftSection={<IconPlayerStop size={16} />} onClick={stop}>
            {texts.stop}
          </Button>
        ) : (
          <Button leftSection={<IconSparkles size={16} />} onClick={start} disabled={!possible || !parsed.success}>
            {texts.go}
          </Button>
        )}
      </Group>
      <SimpleGrid cols={{ base: 1, sm: shown.length }}>
        {shown.map((of) => (
          <Paper key={of} p="sm">
            <Group justify="space-between" mb={6}>
              <Text size="sm" fw={600}>
                {of === 'raw' ? t.run.chart.raw : of}
              </Text>
              <CopyIcon text={said[of] ?? ''} label={texts.copy(of)} />
            </Group>
            <ScrollBox className={`pre ${classes.sample}`} label={texts.of(of === 'raw' ? t.run.chart.raw : of)}>
              {said[of] ? (
                <span>
                  <Text component="span" inherit c="dimmed">
                    {asked}
                  </Text>
                  {said[of]}
                </span>
              ) : (
                <Text size="xs" c="dimmed">
                  {turn === of ? texts.waiting : ' '}
                </Text>
              )}
            </ScrollBox>
          </Paper>
        ))}
      </SimpleGrid>
    </Stack>
  );
}
