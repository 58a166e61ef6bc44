/** Every command there is now: pages, what trains, actions, and, while the palette is open, runs and datasets. */
import { useMantineColorScheme } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  IconBrightnessAuto,
  IconCommand,
  IconDatabase,
  IconFolder,
  IconKeyboard,
  IconMoon,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  type IconProps,
  IconRipple,
  IconRoute,
  IconSearch,
  IconSparkles,
  IconStethoscope,
  IconSun,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import { useLocation } from 'wouter';
import type { RunSummary, Settings } from '../../../shared/api.ts';
import { call } from '../../door/index.ts';
import { routes } from '../../lib/routes.ts';
import { tellFailure } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { isLive, mainAction } from '../runs/lib/run-state.ts';
import { startSampleRun } from '../runs/sample-run.ts';
import { startTour } from '../tour/store.ts';
import type { Command } from './context.ts';
import { type Bindable, commandKeys, type FixedCommand, keysOf, pageBinding } from './lib/bindings.ts';

export interface PageEntry {
  readonly href: string;
  readonly label: string;
  readonly icon: ComponentType<IconProps>;
}

const texts = t.commands;
const noChoices: Settings['shortcuts'] = {};

/** `open`: the palette shows, so the lists are wanted. */
export function useAppCommands(
  entries: readonly PageEntry[],
  open: boolean,
  show: (what: 'palette' | 'help') => void,
): { all: Command[]; bindable: Bindable[] } {
  const [at, navigate] = useLocation();
  const { setColorScheme } = useMantineColorScheme();
  const settings = useQuery('settings.get', undefined);
  const info = useQuery('app.info', undefined);
  const runs = useQuery('runs.list', undefined);
  const datasets = useQuery('datasets.list', open ? undefined : null);
  const canReveal = info.data?.capabilities.reveal ?? false;
  const chosen = settings.data?.shortcuts ?? noChoices;
  const live = runs.data?.filter((run) => isLive(run.status)) ?? [];
  // The run of this page, else the one that trains.
  const current = live.find((run) => at === routes.run(run.name)) ?? live[0];

  const pages = [...entries, { href: routes.doctor, label: t.doctor.title, icon: IconStethoscope }];
  const fixed = (id: FixedCommand, icon: Command['icon'], run: () => void, rest: Partial<Command> = {}): Command => {
    const binding = { id, label: texts.names[id], own: commandKeys[id] };
    return { ...binding, group: 'actions', icon, keys: keysOf(binding, chosen), run, ...rest };
  };
  const theme = (value: Settings['theme'], icon: Command['icon']): Command =>
    fixed(
      `theme-${value}`,
      icon,
      () => {
        setColorScheme(value);
        call('settings.set', { theme: value }).then(() => refresh('settings.'), tellFailure);
      },
      { keywords: texts.keywords.theme },
    );
  const withCurrent = (act: (run: RunSummary) => void) => () => {
    if (current) act(current);
    else notifications.show({ title: texts.noRun.title, message: texts.noRun.text });
  };
  const actions = [
    fixed('palette', IconCommand, () => show('palette'), { hidden: true }),
    fixed('help', IconKeyboard, () => show('help')),
    fixed('search', IconSearch, focusSearch, { hidden: true }),
    fixed('pause-or-continue', IconPlayerPause, withCurrent(pauseOrContinue), { hidden: !current }),
    fixed('stop-run', IconPlayerStop, withCurrent(stop), { hidden: !current }),
    fixed('sample-run', IconSparkles, () => void startSampleRun(navigate), { keywords: texts.keywords.sample }),
    theme('light', IconSun),
    theme('dark', IconMoon),
    theme('auto', IconBrightnessAuto),
    fixed('reveal-home', IconFolder, () => settings.data && reveal(settings.data.home), {
      keywords: texts.keywords.reveal,
      hidden: !canReveal,
    }),
    fixed('tour', IconRoute, startTour),
  ];
  const bindings = pages.map(({ href, label }) => pageBinding(href, label));
  const all: Command[] = [
    ...live.flatMap((run) => liveCommands(run)),
    ...pages.map(({ href, icon }, i): Command => {
      const binding = bindings[i] as Bindable;
      const keywords = href === routes.doctor ? texts.keywords.doctor : undefined;
      return { ...binding, icon, keywords, group: 'pages', keys: keysOf(binding, chosen), run: () => navigate(href) };
    }),
    ...actions,
    ...(runs.data ?? []).flatMap((run): Command[] => [
      plain('runs', `run ${run.name}`, run.name, IconRipple, () => navigate(routes.run(run.name))),
      ...(canReveal
        ? [plain('runs', `reveal ${run.name}`, texts.reveal(run.name), IconFolder, () => reveal(run.folder))]
        : []),
    ]),
    ...(datasets.data ?? []).map((dataset) =>
      plain('datasets', `dataset ${dataset.name}`, dataset.name, IconDatabase, () => navigate(routes.datasets)),
    ),
  ];
  const fixedBindings = actions.map(({ id, label }) => ({ id, label, own: commandKeys[id as FixedCommand] }));
  return { all, bindable: [...bindings, ...fixedBindings] };
}

const plain = (
  group: Command['group'],
  id: string,
  label: string,
  icon: Command['icon'],
  run: () => void,
): Command => ({ group, id, label, icon, keys: '', run });

function liveCommands(run: RunSummary): Command[] {
  const action = mainAction(run.status);
  const stopping = run.status === 'stopping';
  return [
    ...(action === 'pause' || action === 'continue'
      ? [
          plain('live', `${action} ${run.name}`, texts.turn[action](run.name), icons[action], () =>
            pauseOrContinue(run),
          ),
        ]
      : []),
    ...(stopping ? [] : [plain('live', `stop ${run.name}`, texts.stop(run.name), IconPlayerStop, () => stop(run))]),
  ];
}

const icons = { pause: IconPlayerPause, continue: IconPlayerPlay };

function pauseOrContinue({ name, status }: RunSummary): void {
  const action = mainAction(status);
  if (action !== 'pause' && action !== 'continue') return;
  const method = action === 'pause' ? 'runs.pause' : 'runs.resume';
  call(method, { name }).then(() => refresh('runs.list', 'runs.get'), tellFailure);
}

function stop({ name }: RunSummary): void {
  call('runs.stop', { name }).then(() => refresh('runs.list', 'runs.get'), tellFailure);
}

function reveal(path: string): void {
  call('shell.reveal', { path }).catch(tellFailure);
}

function focusSearch(): void {
  document.querySelector<HTMLInputElement>('main input[type=search]')?.focus();
}
