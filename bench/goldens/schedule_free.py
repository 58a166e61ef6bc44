"""
Schedule-free AdamW by numpy in float64, from the paper's formulas ("The road less scheduled", arXiv 2405.15682, its
algorithm for AdamW): three sequences and nothing clever, over 40 updates of a noisy quadratic with a warm-up of its rate.
"""

import numpy as np

from common import write_json, write_tensors

ELEMENTS = 192
STEPS = 40
# [start, end) of what weight decay applies to: one tensor of two, both multiples of 64.
DECAYED = (0, 128)
SETTINGS = {"beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8, "weightDecay": 0.1, "clip": 0.0}


def rate(step: int) -> float:
    return 5e-3 * min(1.0, (step + 1) / 10)


def main() -> None:
    rng = np.random.default_rng(20)
    start = rng.normal(0, 0.3, ELEMENTS).astype(np.float32)
    goal = rng.normal(0, 1, ELEMENTS)
    # The gradients that are given do not depend on the weights, so that errors do not feed on themselves.
    gradients = (rng.normal(0, 1, (STEPS, ELEMENTS)) + 0.3 * (start - goal)).astype(np.float32)
    beta, beta2, eps, decay = (SETTINGS[k] for k in ("beta1", "beta2", "epsilon", "weightDecay"))
    mask = np.zeros(ELEMENTS)
    mask[DECAYED[0] : DECAYED[1]] = decay
    x, z = start.astype(np.float64), start.astype(np.float64)
    v = np.zeros(ELEMENTS)
    total, peak = 0.0, 0.0
    for t in range(1, STEPS + 1):
        lr = rate(t - 1)
        y = (1 - beta) * z + beta * x
        g = gradients[t - 1].astype(np.float64)
        v = beta2 * v + (1 - beta2) * g * g
        z = z - lr * g / (np.sqrt(v / (1 - beta2**t)) + eps) - lr * mask * y
        peak = max(peak, lr)
        total += peak**2
        c = peak**2 / total
        x = (1 - c) * x + c * z
    write_tensors(
        "schedule-free",
        {"start": start, "gradients": gradients, "x": x.astype(np.float32), "z": z.astype(np.float32)},
    )
    rates = [rate(s) for s in range(STEPS)]
    content = {"settings": SETTINGS, "decayed": list(DECAYED), "rates": rates, "weights": total, "rate": peak}
    write_json("schedule-free", "schedule_free.py", content, ["numpy"])


if __name__ == "__main__":
    main()
