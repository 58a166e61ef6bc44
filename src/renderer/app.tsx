/** The frame of the window: navigation, what trains now, and the page of the address. */
import { AppShell, Button, NavLink, Progress, Text, Tooltip, useMantineColorScheme } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import {
  IconBox,
  IconChartDots,
  IconDatabase,
  IconMessage2,
  IconPlus,
  IconRipple,
  IconSettings,
  IconSum,
} from '@tabler/icons-react';
import { useEffect } from 'react';
import { Link, Redirect, Route, Router, Switch, useLocation } from 'wouter';
import { useHashLocation } from 'wouter/use-hash-location';
import classes from './app.module.css';
import logo from './assets/meander.svg';
import { ConnectionBanner } from './components/connection-banner.tsx';
import { CrashGuard } from './components/crash-guard.tsx';
import { Page } from './components/page.tsx';
import { Empty } from './components/states.tsx';
import { Truncated } from './components/text.tsx';
import { AveragesPage } from './features/averages/averages-page.tsx';
import { CommandCentre } from './features/commands/commands.tsx';
import { PaletteButton } from './features/commands/palette-button.tsx';
import { ComparePage } from './features/compare/compare-page.tsx';
import { DatasetsPage } from './features/datasets/datasets-page.tsx';
import { DoctorPage } from './features/doctor/doctor-page.tsx';
import { FirstRun } from './features/first-run/first-run.tsx';
import { ModelsPage } from './features/models/models-page.tsx';
import { NewRunPage } from './features/new-run/new-run-page.tsx';
import { RunPage } from './features/run/run-page.tsx';
import { isLive, progressShare } from './features/runs/lib/run-state.ts';
import { RunsPage } from './features/runs/runs-page.tsx';
import { SamplePage } from './features/sample/sample-page.tsx';
import { SettingsPage } from './features/settings/settings-page.tsx';
import { StudiesPage } from './features/study/studies-page.tsx';
import { StudyPage } from './features/study/study-page.tsx';
import { Tour } from './features/tour/tour.tsx';
import { formatPercent } from './lib/format.ts';
import { decodeSegment, decodeSegments, routes } from './lib/routes.ts';
import { useQuery } from './store/cache.ts';
import { useOpened } from './store/opened.ts';
import { t } from './strings.ts';

const pages = [
  { href: routes.runs, label: t.nav.runs, icon: IconRipple },
  { href: routes.newRun, label: t.nav.newRun, icon: IconPlus },
  { href: routes.datasets, label: t.nav.datasets, icon: IconDatabase },
  { href: routes.averages, label: t.nav.averages, icon: IconSum },
  { href: routes.models, label: t.nav.models, icon: IconBox },
  { href: routes.studies, label: t.nav.studies, icon: IconChartDots },
  { href: routes.sample, label: t.nav.sample, icon: IconMessage2 },
  { href: routes.settings, label: t.nav.settings, icon: IconSettings },
];

/** Whether a page belongs to an entry of the navigation. */
const under = (href: string, at: string): boolean =>
  at === href || at.startsWith(`${href}/`) || (href === routes.runs && at.startsWith(routes.compare([])));

export function App() {
  return (
    <Router hook={useHashLocation}>
      <Frame />
    </Router>
  );
}

function Frame() {
  const [at] = useLocation();
  useOpened();
  const wide = useMediaQuery('(min-width: 960px)', undefined, { getInitialValueInEffect: false }) ?? true;
  const settings = useQuery('settings.get', undefined);
  const { setColorScheme } = useMantineColorScheme();
  const theme = settings.data?.theme;
  useEffect(() => {
    if (theme) setColorScheme(theme);
  }, [theme, setColorScheme]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page begins at its top.
  useEffect(() => {
    window.scrollTo(0, 0);
  }, [at]);
  return (
    <CommandCentre pages={pages}>
      <FirstRun />
      <Tour />
      <AppShell navbar={{ width: wide ? 212 : 64, breakpoint: 0 }} padding="lg">
        <Button
          className={classes.skip}
          onClick={() => {
            document.getElementById('main')?.focus();
          }}
        >
          {t.nav.skip}
        </Button>
        <AppShell.Navbar className={classes.nav} aria-label={t.nav.label}>
          <Link href={routes.runs} className={classes.brand} aria-label={t.appName}>
            <img src={logo} width={28} height={28} alt="" />
            {wide && t.appName}
          </Link>
          <PaletteButton wide={wide} />
          {pages.map(({ href, label, icon: Icon }) => (
            <Tooltip key={href} label={label} position="right" disabled={wide} openDelay={100}>
              <NavLink
                component={Link}
                href={href}
                className={classes.link}
                label={wide ? label : undefined}
                aria-label={label}
                active={under(href, at)}
                aria-current={at === href ? 'page' : undefined}
                leftSection={<Icon size={20} stroke={1.6} />}
              />
            </Tooltip>
          ))}
          {wide && <ActiveRuns />}
        </AppShell.Navbar>
        <AppShell.Main id="main" tabIndex={-1} style={{ outline: 'none' }}>
          <div className={classes.banner}>
            <ConnectionBanner />
          </div>
          <CrashGuard at={at}>
            <Switch>
              <Route path="/">
                <Redirect to={routes.runs} replace />
              </Route>
              <Route path="/datasets" component={DatasetsPage} />
              <Route path="/new">
                <NewRunPage />
              </Route>
              <Route path="/new/like/:run">{({ run }) => <NewRunPage like={decodeSegment(run)} />}</Route>
              <Route path="/new/from/:model">{({ model }) => <NewRunPage from={decodeSegment(model)} />}</Route>
              <Route path="/new/:dataset">{({ dataset }) => <NewRunPage dataset={decodeSegment(dataset)} />}</Route>
              <Route path="/runs" component={RunsPage} />
              <Route path="/runs/:name">{({ name }) => <RunPage key={name} name={decodeSegment(name)} />}</Route>
              <Route path="/compare">
                <ComparePage names={[]} />
              </Route>
              <Route path="/compare/:names">{({ names }) => <ComparePage names={decodeSegments(names)} />}</Route>
              <Route path="/averages">
                <AveragesPage name={null} />
              </Route>
              <Route path="/averages/:name">{({ name }) => <AveragesPage name={decodeSegment(name)} />}</Route>
              <Route path="/models" component={ModelsPage} />
              <Route path="/studies" component={StudiesPage} />
              <Route path="/studies/:name">{({ name }) => <StudyPage key={name} name={decodeSegment(name)} />}</Route>
              <Route path="/sample">
                <SamplePage run={null} model={null} />
              </Route>
              <Route path="/sample/model/:path">
                {({ path }) => <SamplePage run={null} model={decodeSegment(path)} />}
              </Route>
              <Route path="/sample/:name">{({ name }) => <SamplePage run={decodeSegment(name)} model={null} />}</Route>
              <Route path="/settings" component={SettingsPage} />
              <Route path="/settings/doctor" component={DoctorPage} />
              <Route>
                <Page title={t.notFound.title}>
                  <Empty
                    icon={IconRipple}
                    title={t.notFound.title}
                    actions={<Link href={routes.runs}>{t.notFound.back}</Link>}
                  >
                    {t.notFound.text}
                  </Empty>
                </Page>
              </Route>
            </Switch>
          </CrashGuard>
        </AppShell.Main>
      </AppShell>
    </CommandCentre>
  );
}

/** Runs that a worker holds, one click away from every page. */
function ActiveRuns() {
  const { data } = useQuery('runs.list', undefined);
  const live = data?.filter((run) => isLive(run.status) && run.status !== 'queued') ?? [];
  const waiting = data?.filter((run) => run.status === 'queued').length ?? 0;
  if (live.length + waiting === 0) return null;
  return (
    <div className={classes.active}>
      <Text size="xs" c="dimmed" px={10} mb={4}>
        {t.nav.active}
      </Text>
      {live.map((run) => (
        <Link key={run.name} href={routes.run(run.name)} className={classes.activeRun}>
          <Truncated size="sm">{run.name}</Truncated>
          <Text size="xs" c="dimmed" className="numbers" mb={4}>
            {t.status[run.status]} · {formatPercent(progressShare(run))}
          </Text>
          <Progress size={4} value={100 * progressShare(run)} aria-label={t.runs.progress(run.name)} />
        </Link>
      ))}
      {waiting > 0 && (
        <Link href={routes.runs} className={classes.activeRun}>
          <Text size="xs" c="dimmed" className="numbers">
            {t.runs.queue.more(waiting)}
          </Text>
        </Link>
      )}
    </div>
  );
}
