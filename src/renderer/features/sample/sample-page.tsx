import { Page } from '../../components/page.tsx';
import { t } from '../../strings.ts';
export function SamplePage({ run, model }: { run: string | null; model: string | null }) {
  return <Page title={t.sample.title}>{run ?? model}</Page>;
}
