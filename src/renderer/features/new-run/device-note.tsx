/** What an engine that is chosen, or could be, lacks on this machine. */
import { Text } from '@mantine/core';
import type { RunConfig } from '../../../shared/config.ts';
import { Notice } from '../../components/notice.tsx';
import { useQuery } from '../../store/cache.ts';
import { fieldText } from '../../strings/run-fields.ts';
import { t } from '../../strings.ts';

const f = t.newRun.fields;

export function DeviceNote({ config }: { config: RunConfig }) {
  const info = useQuery('app.info', undefined).data;
  // Until it is known what loads here, nothing is refused.
  if (!info) return null;
  const { backend } = config.device;
  const missing =
    (backend === 'native' && info.native === null) ||
    (backend === 'webgpu' && !info.webgpu.works) ||
    (backend === 'tensorflow' && !info.tensorflow.works);
  const name = fieldText('device.backend').options?.[backend] ?? backend;
  return (
    <>
      {missing && <Notice kind="error" title={f.backendMissing(name)} />}
      <Text size="xs" c="dimmed" mt={6}>
        {info.webgpu.works ? f.webgpu(info.webgpu.text) : f.webgpuOff(info.webgpu.text)}
      </Text>
      {!info.tensorflow.works && (
        <Text size="xs" c="dimmed" mt={6}>
          {f.tensorflowOff(info.tensorflow.text)}
        </Text>
      )}
    </>
  );
}
