/** Where a child run should start and end when the user has not said. */

/** A cooldown takes a fifth of the run. */
const cooldownShare = 0.2;

/**
 * A cooldown prefers to end at T, beside the parent's last weights: from the checkpoint nearest to 0.8 · T. Where the
 * parent has only its end left, it goes on past it. A longer run starts from the newest checkpoint and adds half of T.
 * @param steps checkpoints, newest first. @returns null when there is none.
 */
export function forkProposal(
  purpose: 'continue' | 'cooldown',
  total: number,
  steps: readonly number[],
  from: number | null,
): { step: number; end: number } | null {
  if (steps.length === 0) return null;
  const length = Math.max(1, Math.round(cooldownShare * total));
  if (purpose === 'continue') {
    const step = from ?? steps[0];
    return { step, end: Math.max(total, step) + Math.max(1, Math.round(total / 2)) };
  }
  const ideal = total - length;
  const inside = steps.filter((step) => step < total);
  const nearest = [...inside].sort((a, b) => Math.abs(a - ideal) - Math.abs(b - ideal))[0];
  const step = from ?? nearest ?? steps[0];
  // Far from the end a cooldown to T would be longer than one should be: it ends a cooldown's length later instead.
  const end = step < total && total - step <= 2 * length ? total : step + length;
  return { step, end };
}
