import { expect, it } from 'vitest';
import type { Job } from '../../shared/api.ts';
import { jobNews } from './job-news.ts';

const job = (kind: Job['kind'], status: Job['status']): Job => ({
  id: '1',
  kind,
  subject: 'first',
  status,
  progress: null,
  device: null,
  error: { code: 'x', message: 'Cannot write /home/me/secret.', next: '' },
  createdAt: '',
});

it.each([
  [job('train', 'finished'), false, 'Training finished', '“first” is done.'],
  [job('train', 'failed'), true, 'Training failed', '“first” stopped. Open Meander to see why.'],
  [job('prepare', 'finished'), false, 'Preparation finished', '“first” is ready.'],
  [job('prepare', 'failed'), true, 'Preparation failed', '“first” stopped. Open Meander to see why.'],
])('the end of a long job is news, without paths: %#', (over, failed, title, body) => {
  expect(jobNews(over)).toEqual({ failed, title, body });
});

it.each([job('train', 'running'), job('train', 'stopped'), job('sample', 'finished'), job('export', 'failed')])(
  'nothing else is: %#',
  (other) => {
    expect(jobNews(other)).toBeNull();
  },
);
