import { describe, expect, it } from 'vitest';
import { type RunConfig, runConfig } from '../../../../shared/config.ts';
import { evaluationCount } from '../../../../shared/fit.ts';
import { policyWarnings, resolvePolicy, windowShare } from '../../../../shared/policies.ts';
import { presetConfig } from '../../../../shared/presets.ts';
import { changesFrom, withoutChange } from './changes.ts';
import { quoted, trainCommand } from './command.ts';
import { configFileText, readConfigFile } from './config-file.ts';
import { checkDraft, valueAt, withValue } from './draft.ts';
import { depthOf, fields, fieldsOf, isShown } from './field-table.ts';
import {
  decayForShare,
  finalWindow,
  newPolicy,
  policyKinds,
  snapshotSteps,
  spacingForShare,
  startForShare,
} from './policies.ts';
import { evaluationShare, startLabel, tokensPerStep } from './summary.ts';

const base = presetConfig('quickstart', {
  name: 'first',
  dataset: { folder: '/data/speeches', tokenizer: { vocabSize: 96 } },
});

describe('the draft', () => {
  it('changes one value and shares the rest', () => {
    const next = withValue(base, 'policies.1.decay', 0.5);
    expect(valueAt(next, 'policies.1.decay')).toBe(0.5);
    expect(valueAt(base, 'policies.1.decay')).not.toBe(0.5);
    expect(next.policies[0]).toBe(base.policies[0]);
    expect(next.model).toBe(base.model);
  });

  it('is accepted as it comes from a preset', () => {
    const { config, errors } = checkDraft(base, []);
    expect(errors.size).toBe(0);
    expect(config).toEqual(base);
  });

  it('has a message beside every wrong field', () => {
    let draft = withValue(base, 'schedule.peak', Number.NaN);
    draft = withValue(draft, 'batch.microBatch', 1.5);
    draft = withValue(draft, 'model.dropout', 1);
    draft = withValue(draft, 'policies.0.k', 0);
    draft = withValue(draft, 'policies.1.decay', 1);
    draft = withValue(draft, 'policies.2.id', 'Not Good');
    const { config, errors } = checkDraft(draft, []);
    expect(config).toBeNull();
    expect(Object.fromEntries(errors)).toEqual({
      'schedule.peak': 'Enter a number',
      'batch.microBatch': 'Enter a whole number',
      'model.dropout': 'Less than 1',
      'policies.0.k': 'More than 0',
      'policies.1.decay': 'Less than 1',
      'policies.2.id': 'Use lower-case letters, digits and dashes, at most 40',
    });
  });

  it('names what does not fit together', () => {
    const draft = withValue(withValue(base, 'model.width', 130), 'schedule.warmupSteps', 9999);
    const { errors, recipe } = checkDraft(draft, []);
    expect(errors.get('model.width')).toContain('130');
    expect(errors.get('schedule.warmupSteps')).toContain('9999');
    expect(recipe).toBeNull();
  });

  it('does not count a missing dataset as a field, and still knows how it would train', () => {
    const { config, recipe, errors } = checkDraft({ ...base, dataset: '' }, []);
    expect(config).toBeNull();
    expect(recipe).not.toBeNull();
    expect(errors.size).toBe(0);
  });

  it('wants the folder of a model that it should begin from', () => {
    const draft: RunConfig = { ...base, init: { from: 'model', path: ' ' } };
    expect(checkDraft(draft, []).errors.get('init.path')).toBe('Needed');
    expect(checkDraft({ ...base, init: { from: 'model', path: '/models/one' } }, []).errors.size).toBe(0);
  });

  it('refuses a name that is taken', () => {
    expect(checkDraft(base, ['first']).errors.get('name')).toBeTruthy();
  });
});

describe('the summary', () => {
  it('multiplies micro-batch, accumulation and block size', () => {
    expect(
      tokensPerStep({
        ...base,
        batch: { microBatch: 12, accumulation: 40 },
        model: { ...base.model, blockSize: 1024 },
      }),
    ).toBe(491_520);
  });

  it('counts the first and the last evaluation', () => {
    expect(evaluationCount({ ...base, steps: 1500, evaluation: { every: 60, blocks: 8 } })).toBe(26);
    expect(evaluationCount({ ...base, steps: 100, evaluation: { every: 60, blocks: 8 } })).toBe(3);
  });

  it('gives evaluation no share that grows with training, and more with more averages', () => {
    const share = evaluationShare(base);
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
    expect(evaluationShare({ ...base, policies: [] })).toBeLessThan(share);
    expect(evaluationShare({ ...base, batch: { microBatch: 120, accumulation: 1 } })).toBeLessThan(share);
  });

  it.each([
    [{ loading: true, dataset: false, errors: 0, starting: false }, 'Loading…'],
    [{ loading: false, dataset: false, errors: 2, starting: false }, 'Choose a dataset'],
    [{ loading: false, dataset: true, errors: 1, starting: false }, 'Fix 1 field'],
    [{ loading: false, dataset: true, errors: 2, starting: false }, 'Fix 2 fields'],
    [{ loading: false, dataset: true, errors: 0, starting: false }, 'Start training'],
    [{ loading: false, dataset: true, errors: 0, starting: true }, 'Starting…'],
  ])('the button of %j says %s', (state, label) => expect(startLabel(state)).toBe(label));
});

describe('the command', () => {
  it('is the preset alone where nothing differs', () => {
    expect(trainCommand(base, base, 'speeches')).toBe(
      'meander train \\\n  --preset quickstart \\\n  --dataset speeches \\\n  --name first',
    );
  });

  it('sets what differs, and policies as a whole where one came or went', () => {
    const changed: RunConfig = { ...base, steps: 300, schedule: { ...base.schedule, peak: 0.006 } };
    expect(trainCommand(changed, base, 'speeches')).toContain('--set steps=300 \\\n  --set schedule.peak=0.006');
    const fewer = { ...base, policies: base.policies.slice(1) };
    const command = trainCommand(fewer, base, 'speeches');
    expect(command).not.toContain('policies.lawa');
    const json = /--set 'policies=(.*)'/.exec(command)?.[1] ?? '';
    expect(runConfig.shape.policies.parse(JSON.parse(json))).toEqual(fewer.policies);
  });

  it('gives an architecture as a whole, and so do the changes from the preset, with one way back', () => {
    const architecture = {
      kind: 'gpt_neox',
      inner: 256,
      rotaryBase: 10_000,
      epsilon: 1e-5,
      tied: false,
      rotary: 8,
      parallelResidual: true,
    } as const;
    const changed: RunConfig = { ...base, model: { ...base.model, architecture } };
    const command = trainCommand(changed, base, 'speeches');
    expect(command).not.toContain('model.architecture.');
    const json = /--set 'model.architecture=(.*)'/.exec(command)?.[1] ?? '';
    expect(JSON.parse(json)).toEqual(architecture);
    expect(changesFrom(base, changed)).toEqual([{ field: 'model.architecture', preset: 'GPT-2', here: 'GPT-NeoX' }]);
    expect(withoutChange(changed, base, 'model.architecture').model.architecture).toBeUndefined();
  });

  it('quotes what a shell would split or expand', () => {
    expect(quoted('plain-1.5')).toBe('plain-1.5');
    expect(quoted('two words')).toBe("'two words'");
    expect(quoted("it's $HOME")).toBe("'it'\\''s $HOME'");
  });
});

describe('the depths', () => {
  /** Dotted paths of every value of a configuration that differs from run to run by choice. */
  function paths(value: object, prefix = ''): string[] {
    return Object.entries(value).flatMap(([key, inner]) => {
      const path = prefix + key;
      // A second warm-up is made by a rescue, not by hand.
      const elsewhere = [
        'schema',
        'name',
        'preset',
        'dataset',
        'mix',
        'policies',
        'init',
        'model.vocabSize',
        'schedule.rewarm',
      ];
      if (elsewhere.includes(path)) return [];
      return inner !== null && typeof inner === 'object' ? paths(inner, `${path}.`) : [path];
    });
  }

  it('reach every field of the configuration, and name none that is not there', () => {
    expect(fields.map(({ path }) => path as string).sort()).toEqual(paths(base).sort());
  });

  it('show more and more, and only what has an effect', () => {
    const shown = (depth: 'preset' | 'common' | 'everything', config = base) =>
      fieldsOf('schedule', depth, config).map(({ path }) => path);
    expect(shown('preset')).toEqual([]);
    expect(shown('common')).toEqual(['schedule.kind', 'schedule.peak', 'schedule.warmupSteps']);
    expect(shown('everything')).toContain('schedule.warmupForm');
    const cosine = withValue(base, 'schedule.kind', 'cosine');
    expect(shown('common', cosine)).toContain('schedule.min');
    expect(shown('common', withValue(base, 'schedule.kind', 'wsd'))).toContain('schedule.cooldownSteps');
  });

  it('say from which one a field can be seen', () => {
    expect(['name', 'steps', 'policies.0.k', 'optimizer.beta1', 'init.path'].map(depthOf)).toEqual([
      'preset',
      'preset',
      'common',
      'everything',
      'everything',
    ]);
    expect([isShown('policies.lawa.k', 'preset'), isShown('policies.lawa.k', 'everything')]).toEqual([false, true]);
  });
});

describe('what differs from the preset', () => {
  const changed: RunConfig = {
    ...base,
    seed: 1,
    schedule: { ...base.schedule, peak: 0.006 },
    init: { from: 'model', path: '/models/one' },
    policies: [
      { ...base.policies[0], k: 9 } as RunConfig['policies'][number],
      ...base.policies.slice(2),
      newPolicy('power', base),
    ],
  };
  const names = (draft: RunConfig) => changesFrom(base, draft).map(({ field }) => field);

  it('is a row for each value, and one for an average that came or went', () => {
    expect(names(base)).toEqual([]);
    expect(names({ ...base, dataset: '/other', name: 'other' })).toEqual([]);
    expect(names(changed).sort()).toEqual(
      ['init', 'policies.ema', 'policies.lawa.k', 'policies.power', 'schedule.peak', 'seed'].sort(),
    );
  });

  it('is undone one by one, in any order, back to the preset itself', () => {
    const undone = withoutChange(changed, base, 'policies.lawa.k');
    expect(names(undone)).not.toContain('policies.lawa.k');
    expect(names(undone)).toContain('seed');
    for (const order of [names(changed), names(changed).reverse()])
      expect(order.reduce((draft, field) => withoutChange(draft, base, field), changed)).toEqual(base);
  });

  it('takes an average of another kind under the same name as a whole', () => {
    const other = { ...base, policies: [{ ...newPolicy('swa', base), id: 'lawa' }, ...base.policies.slice(1)] };
    expect(names(other)).toContain('policies.lawa.kind');
    expect(withoutChange(other, base, 'policies.lawa.kind')).toEqual(base);
  });
});

describe('a configuration file', () => {
  it('comes back as it was', () => {
    expect(readConfigFile(configFileText(base))).toEqual({ config: base });
  });

  it('is refused by the path of every wrong or unknown field', () => {
    const wrong = { ...base, colour: 'red', model: { ...base.model, layers: 'six', depth: 3 } };
    expect(readConfigFile(JSON.stringify(wrong))).toEqual({
      problems: [
        'model.layers: takes a number, not "six"',
        'model.depth: there is no such key',
        'colour: there is no such key',
      ],
    });
    expect(readConfigFile('{"steps":')).toMatchObject({ problems: [expect.stringContaining('It is not JSON')] });
  });
});

describe('averages in the form', () => {
  it('adds one under a free name with a default that is valid', () => {
    const policy = newPolicy('lawa', base);
    expect(policy.id).toBe('lawa-2');
    expect(checkDraft({ ...base, policies: [...base.policies, policy] }, []).errors.size).toBe(0);
  });

  it('offers every kind with a default that is valid and warns of nothing', () => {
    const all = policyKinds.map((kind) => newPolicy(kind, { ...base, policies: [] }));
    expect(all.map(({ kind }) => kind)).toEqual(policyKinds);
    expect(checkDraft({ ...base, policies: all }, []).errors.size).toBe(0);
    expect(policyWarnings({ ...base, policies: all })).toEqual([]);
    // A width that is edited is the one that its field names.
    const draft = { ...base, policies: [newPolicy('power', base)] };
    expect(checkDraft(withValue(draft, 'policies.0.widths.1', 0.5), []).errors.has('policies.0.widths.1')).toBe(true);
    expect(checkDraft(withValue(draft, 'policies.0.widths.1', 0.2), []).errors.size).toBe(0);
  });

  it('turns a share of the run into a spacing and back', () => {
    expect(spacingForShare({ k: 5 }, 0.08, 1000)).toBe(20);
    expect(spacingForShare({ k: 1 }, 0.08, 1000)).toBe(80);
    expect(spacingForShare({ k: 5 }, 0, 1000)).toBe(1);
    // An EMA whose mean age is 2% of the run looks back over 4% of it, as a uniform window of that age does.
    const ema = newPolicy('ema', base);
    if (ema.kind !== 'ema') throw new Error('no EMA');
    const decay = decayForShare(ema, 0.04, 1500);
    expect(windowShare(resolvePolicy({ ...ema, decay }, base), 1500)).toBeCloseTo(0.04, 10);
    expect(startForShare({ every: 20 }, 0.25, 1500)).toBe(1120);
  });

  it('draws the window of the last value', () => {
    const windows = base.policies.map((p) => finalWindow(resolvePolicy(p, base), base.steps));
    expect(windows[0]).toEqual([1420, 1500]);
    expect(snapshotSteps(resolvePolicy(base.policies[0], base), base.steps)).toEqual([1420, 1440, 1460, 1480, 1500]);
    expect(snapshotSteps(resolvePolicy(base.policies[1], base), base.steps)).toEqual([]);
    expect(windows[1][0]).toBeCloseTo(1420, 6);
    expect(windows[2]).toEqual([1130, 1500]);
    const more = (['wma', 'power'] as const).map((kind) => resolvePolicy(newPolicy(kind, base), base));
    expect(finalWindow(more[0], base.steps)).toEqual([1380, 1500]);
    // Twice the mean age of width .05, 1/18.97 of the time since the start.
    expect(finalWindow(more[1], base.steps)[0]).toBeCloseTo(1500 - (2 * (1500 - more[1].start)) / 18.97, 1);
  });
});
