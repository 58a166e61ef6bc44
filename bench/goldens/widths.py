"""
Which combination of stored power-function averages comes closest to one of another width: least squares over the
weights that every observation gets, 4,096 of them, by numpy's SVD. The engine solves normal equations of continuous
profiles instead, so both the coefficients and the distance that is left are found here by another road.
"""

import numpy as np

from averages import power_exponent
from common import write_json

STEPS = 4096


def observation_weights(gamma: float, time: int) -> np.ndarray:
    """The recurrence unrolled by multiplying it out, observation by observation."""
    weights = np.zeros(STEPS)
    for n in range(1, time + 1):
        beta = (1 - 1 / n) ** (gamma + 1)
        weights[: n - 1] *= beta
        weights[n - 1] = 1 - beta
    return weights


def main() -> None:
    widths = [0.05, 0.1]
    cases = []
    for pairs in (16, 8, 4):
        times = [STEPS * (i + 1) // pairs for i in range(pairs)]
        stored = np.stack([observation_weights(power_exponent(w), t) for t in times for w in widths], axis=1)
        for width in (0.075, 0.15, 0.25):
            wanted = observation_weights(power_exponent(width), STEPS)
            x, *_ = np.linalg.lstsq(stored, wanted, rcond=None)
            x /= x.sum()
            error = np.linalg.norm(stored @ x - wanted) / np.linalg.norm(wanted)
            print(f"{pairs} pairs, width {width}: {error:.1e} of the profile's norm, |x| up to {abs(x).max():.2f}")
            cases.append({"times": times, "width": width, "coefficients": x.tolist(), "error": float(error)})
    write_json("widths", "widths.py", {"widths": widths, "cases": cases}, ["numpy"])


if __name__ == "__main__":
    main()
