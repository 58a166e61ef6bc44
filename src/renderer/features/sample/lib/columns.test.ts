import { describe, expect, it } from 'vitest';
import type { WrittenModel } from '../../../../shared/averages.ts';
import { type Column, choices, columnKey, columnName, columnOf, firstColumns, nextColumn } from './columns.ts';

const model = (path: string, layout: WrittenModel['layout'] = 'huggingface') => ({ path, layout }) as WrittenModel;

describe('columns', () => {
  it('go through a select and come back', () => {
    const columns: Column[] = [
      { kind: 'run', of: 'raw' },
      { kind: 'model', path: '/home/a b/run of mine/step-1' },
    ];
    for (const column of columns) expect(columnOf(columnKey(column))).toEqual(column);
  });

  it('can be weights of the run and folders with a tokenizer, not single files', () => {
    const groups = choices({ ids: ['lawa'], models: [model('/x'), model('/x.pt', 'nanogpt')] }, [model('/m')]);
    expect(groups.map(({ group, columns }) => [group, columns.map(columnKey)])).toEqual([
      ['run', ['run raw', 'run lawa']],
      ['models', ['model /x']],
      ['merged', ['model /m']],
    ]);
    expect(choices(null, [])).toEqual([]);
  });

  it('begin with raw and the best average', () => {
    expect(firstColumns({ ids: ['ema', 'lawa'], best: 'lawa' }, null).map(columnKey)).toEqual(['run raw', 'run lawa']);
    expect(firstColumns({ ids: [], best: null }, null).map(columnKey)).toEqual(['run raw']);
    expect(firstColumns(null, '/m').map(columnKey)).toEqual(['model /m']);
  });

  it('grow by what is not shown, up to four', () => {
    const all = ['raw', 'a', 'b', 'c', 'd'].map((of): Column => ({ kind: 'run', of }));
    expect(nextColumn(all.slice(0, 2), all)).toEqual({ kind: 'run', of: 'b' });
    expect(nextColumn(all.slice(0, 4), all)).toBeNull();
    expect(nextColumn(all.slice(0, 2), all.slice(0, 2))).toBeNull();
  });

  it('have short names', () => {
    expect(columnName({ kind: 'run', of: 'raw' }, 'Raw weights')).toBe('Raw weights');
    expect(columnName({ kind: 'model', path: 'C:\\runs\\r\\exports\\raw-step-4' }, '')).toBe('exports/raw-step-4');
  });
});
