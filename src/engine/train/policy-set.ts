/** The averaging policies of one run: any number, added and removed at any step. */
import type { PolicyConfig, RunConfig } from '../../shared/config.ts';
import { policyInterval } from '../../shared/policies.ts';
import {
  backfill,
  createPolicy,
  type PairFiles,
  type Policy,
  resolvePolicy,
  type SnapshotFiles,
  SnapshotPool,
} from '../averaging/index.ts';
import type { Backend, Floats } from '../backends/backend.ts';
import type { TrainerState, WeightReader } from '../checkpoint/index.ts';
import { UserError } from '../errors.ts';

export interface PolicySetOptions {
  readonly backend: Backend;
  /** Length of the parameter vector. */
  readonly elements: number;
  readonly files: SnapshotFiles;
  readonly pairs: PairFiles;
  readonly run: Pick<RunConfig, 'steps' | 'schedule'>;
}

export class PolicySet {
  readonly snapshots: SnapshotPool;
  readonly #options: PolicySetOptions;
  #policies: Policy[] = [];

  constructor(options: PolicySetOptions) {
    const { backend, elements, files } = options;
    this.#options = options;
    this.snapshots = new SnapshotPool({ backend, elements, files });
  }

  get list(): readonly Policy[] {
    return this.#policies;
  }

  /** Throws UserError('unknown-policy'). */
  get(id: string): Policy {
    const policy = this.#policies.find((p) => p.id === id);
    if (policy) return policy;
    const known = this.#policies.map((p) => p.id).join(', ') || 'none';
    throw new UserError('unknown-policy', `This run has no average called "${id}".`, `Averages that it has: ${known}.`);
  }

  due(step: number): boolean {
    return this.#policies.some((policy) => policy.due(step));
  }

  /** Shows the weights after `step` updates to every policy that observes them; showing them twice changes nothing. */
  async observe(step: number, weights: Floats): Promise<void> {
    for (const policy of this.#policies) if (policy.due(step)) await policy.observe(step, weights);
  }

  /** Starts a policy of the configuration. */
  start(config: PolicyConfig): void {
    this.#policies.push(this.#create(resolvePolicy(config, this.#options.run)));
  }

  /** Takes up a policy where a checkpoint left it. */
  async restore(saved: TrainerState['policies'][string], tensor: (name: string) => WeightReader): Promise<void> {
    const policy = this.#create(saved.config);
    this.#policies.push(policy);
    await policy.restore(saved.state, tensor);
  }

  /**
   * Adds a policy after `step` updates, from kept checkpoints where they are the ones it would have seen. A start
   * in the past that they do not reach moves to the next step that is due. Returns whether it was back-filled.
   * Throws UserError('policy-exists').
   */
  async add(config: PolicyConfig, step: number, kept: readonly number[]): Promise<boolean> {
    if (this.#policies.some((p) => p.id === config.id))
      throw new UserError(
        'policy-exists',
        `This run already has an average called "${config.id}".`,
        'Choose another id, or remove the other one first.',
      );
    const resolved = resolvePolicy(config, this.#options.run);
    const policy = this.#create(resolved);
    const { backend, elements, files } = this.#options;
    const taken = await backfill(policy, { backend, elements, files }, kept, step);
    if (taken.length > 0 || resolved.start >= step) {
      this.#policies.push(policy);
      return taken.length > 0;
    }
    policy.close();
    const interval = policyInterval(config);
    this.#policies.push(this.#create({ ...resolved, start: Math.ceil(step / interval) * interval }));
    return false;
  }

  remove(id: string): void {
    const policy = this.get(id);
    this.#policies = this.#policies.filter((p) => p !== policy);
    policy.close();
  }

  /** For trainer.json. */
  states(): TrainerState['policies'] {
    return Object.fromEntries(
      this.#policies.map((policy) => [
        policy.id,
        { config: policy.config, state: policy.state() as TrainerState['policies'][string]['state'] },
      ]),
    );
  }

  tensors(): { name: string; store: Floats }[] {
    return this.#policies.flatMap((policy) => policy.tensors());
  }

  async close(): Promise<void> {
    for (const policy of this.#policies) policy.close();
    this.#policies = [];
    await this.snapshots.close();
  }

  #create(config: Policy['config']): Policy {
    const { backend, elements, pairs } = this.#options;
    return createPolicy(config, { backend, elements, snapshots: this.snapshots, pairs });
  }
}
