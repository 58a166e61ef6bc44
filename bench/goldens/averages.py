"""
LAWA, WMA, EMA, SWA, power EMA and tail EMA exactly as docs/conventions.md states them, in numpy float32, one rounding per operation.

fixtures/averages.safetensors holds a short trajectory of weights (row s: the weights after s updates) and what
each policy is worth after each of its observations; fixtures/averages.json says which steps those are. The long
trajectory (7,000 updates) is not stored: both sides draw it from Threefry in exact arithmetic.
"""

from collections import deque

import numpy as np

from common import write_json, write_tensors
from threefry import STREAMS, uniforms, words

f32 = np.float32


def lawa(trajectory, k: int, spacing: int, start: int):
    window: deque = deque(maxlen=k)
    for s, weights in enumerate(trajectory):
        if s >= start and s % spacing == 0:
            window.append(weights)
            total = window[0].copy()
            for snapshot in list(window)[1:]:
                total = total + snapshot
            yield s, len(window), total / f32(len(window))


def wma(trajectory, k: int, spacing: int, start: int, weights: str, a: float):
    """Weights that sum to 1, as the recurrences of 2505.12082 give them to each model, oldest first."""
    window: deque = deque(maxlen=k)
    for s, theta in enumerate(trajectory):
        if s >= start and s % spacing == 0:
            window.append(theta)
            n = len(window)
            if weights == "uniform":
                total = window[0].copy()
                for snapshot in list(window)[1:]:
                    total = total + snapshot
                yield s, n, total / f32(n)
                continue
            if weights == "linear":
                share = np.arange(1, n + 1, dtype=np.float64)
                share /= share.sum()
            else:
                # M_1 = x_1, M_i = a x_i + (1 - a) M_{i-1}, followed symbolically: row i is x_i's share of M.
                share = np.zeros(n)
                share[0] = 1
                for i in range(1, n):
                    share *= 1 - a
                    share[i] = a
            share = share.astype(f32)
            total = share[0] * window[0]
            for weight, snapshot in zip(share[1:], list(window)[1:]):
                total = total + weight * snapshot
            yield s, n, total


def ema(trajectory, decay: float, every: int, start: int, warmup: bool, dtype=np.float32):
    """The average after each update; the weights at `start` are its first value."""
    value, n = None, 0
    for s, weights in enumerate(trajectory):
        if s < start or (s - start) % every:
            continue
        weights = weights.astype(dtype)
        if value is None:
            value = weights.copy()
        else:
            n += 1
            beta = min(decay, (1 + n) / (10 + n)) if warmup else decay
            value = value + dtype(1 - beta) * (weights - value)
        yield s, n, value


def swa(trajectory, every: int, start: int):
    value, n = None, 0
    for s, weights in enumerate(trajectory):
        if s < start or (s - start) % every:
            continue
        n += 1
        value = weights.copy() if n == 1 else value + (weights - value) / f32(n)
        yield s, n, value


def power_exponent(width: float) -> float:
    """Largest real root of g^3 + 7g^2 + (16 - s)g + (12 - s), s = width^-2, which is (g+1)/((g+2)^2(g+3)) = 1/s."""
    s = width**-2
    roots = np.roots([1, 7, 16 - s, 12 - s])
    return float(np.max(roots[np.abs(roots.imag) < 1e-9].real))


def power(trajectory, widths, every: int, start: int, storeEvery: int):
    """The first width; both are one rule, and the second is checked as the first of another policy."""
    gamma, value, n = power_exponent(widths[0]), None, 0
    for s, weights in enumerate(trajectory):
        if s < start or (s - start) % every:
            continue
        n += 1
        beta = (1 - 1 / n) ** (gamma + 1)
        value = weights.copy() if n == 1 else value + f32(1 - beta) * (weights - value)
        yield s, n, value


def tail(trajectory, decay: float, every: int, start: int, blend: float):
    """An EMA that begins at `start`, and the newest weights moved towards it."""
    average, n = None, 0
    for s, weights in enumerate(trajectory):
        if s < start or (s - start) % every:
            continue
        n += 1
        average = weights.copy() if n == 1 else average + f32(1 - decay) * (weights - average)
        yield s, n, weights + f32(blend) * (average - weights)


def short_trajectory(steps: int, elements: int) -> np.ndarray:
    """A random walk whose elements span many magnitudes, tiny (denormal) and huge ones among them."""
    source = np.random.default_rng(5)
    scale = np.exp2(source.uniform(-12, 3, elements))
    scale[:4] = [2.0**-135, 2.0**-126, 2.0**100, 1.0]
    walk = np.cumsum(source.standard_normal((steps + 1, elements)) * 0.1, axis=0) + source.standard_normal(elements)
    rows = (walk * scale).astype(f32)
    rows[:, 4] = 0  # padding stays zero
    return rows


def long_row(previous: np.ndarray, step: int) -> np.ndarray:
    """x + (u − ½)/256 with u from the probe stream: the sum is rounded to float32 once, everything else is exact."""
    drawn = uniforms(words(11, STREAMS["probe"], step, 0, np.arange(len(previous))))
    return previous + ((drawn - 0.5) / 256).astype(f32)


def long_trajectory(steps: int, elements: int):
    row = np.zeros(elements, f32)
    for step in range(steps + 1):
        row = long_row(row, step)
        yield row


def main() -> None:
    steps, elements = 60, 67
    trajectory = short_trajectory(steps, elements)
    policies = [
        {"kind": "lawa", "id": "lawa-5-3", "k": 5, "spacing": 3, "start": 6},
        {"kind": "lawa", "id": "lawa-1-1", "k": 1, "spacing": 1, "start": 0},
        {"kind": "lawa", "id": "lawa-7-4", "k": 7, "spacing": 4, "start": 10},
        {"kind": "lawa", "id": "lawa-20-2", "k": 20, "spacing": 2, "start": 0},
        {"kind": "wma", "id": "wma-uniform", "k": 5, "spacing": 3, "start": 6, "weights": "uniform", "a": 0.2},
        {"kind": "wma", "id": "wma-linear", "k": 5, "spacing": 3, "start": 6, "weights": "linear", "a": 0.2},
        {"kind": "wma", "id": "wma-exponential", "k": 6, "spacing": 4, "start": 10, "weights": "exponential", "a": 0.2},
        {"kind": "wma", "id": "wma-newest", "k": 3, "spacing": 5, "start": 0, "weights": "exponential", "a": 1.0},
        {"kind": "ema", "id": "ema-every-step", "decay": 0.9, "every": 1, "start": 0, "warmup": False},
        {"kind": "ema", "id": "ema-warm", "decay": 0.99, "every": 1, "start": 4, "warmup": True},
        {"kind": "ema", "id": "ema-spaced", "decay": 0.8, "every": 5, "start": 7, "warmup": False},
        {"kind": "ema", "id": "ema-spaced-warm", "decay": 0.5, "every": 4, "start": 12, "warmup": True},
        {"kind": "ema", "id": "ema-follow", "decay": 0.0, "every": 2, "start": 2, "warmup": False},
        {"kind": "power", "id": "power-5", "widths": [0.05, 0.1], "every": 1, "start": 1, "storeEvery": 8},
        {"kind": "power", "id": "power-10", "widths": [0.1, 0.05], "every": 1, "start": 1, "storeEvery": 8},
        {"kind": "power", "id": "power-spaced", "widths": [0.2, 0.01], "every": 3, "start": 7, "storeEvery": 8},
        {"kind": "swa", "id": "swa-from-45", "every": 5, "start": 45},
        {"kind": "swa", "id": "swa-from-7", "every": 3, "start": 7},
        {"kind": "tail", "id": "tail-half", "decay": 0.8, "every": 1, "start": 40, "blend": 0.6},
        {"kind": "tail", "id": "tail-spaced", "decay": 0.5, "every": 4, "start": 10, "blend": 1.0},
        {"kind": "swa", "id": "swa-all", "every": 1, "start": 0},
    ]
    tensors, described = {"trajectory": trajectory}, []
    rules = {"lawa": lawa, "wma": wma, "ema": ema, "swa": swa, "power": power, "tail": tail}
    for policy in policies:
        settings = {key: value for key, value in policy.items() if key not in ("kind", "id")}
        seen = list(rules[policy["kind"]](trajectory, **settings))
        assert all(value.dtype == f32 for _, _, value in seen)
        tensors[policy["id"]] = np.stack([value for _, _, value in seen])
        described.append({"policy": policy, "steps": [s for s, _, _ in seen], "counts": [n for _, n, _ in seen]})

    updates, width = 7000, 64
    rows = np.stack(list(long_trajectory(updates, width)))
    long = []
    for warmup in (False, True):
        *_, (_, n, value) = ema(rows, 0.9999, 1, 0, warmup)
        *_, (_, _, exact) = ema(rows, 0.9999, 1, 0, warmup, np.float64)
        assert n == updates
        distance = np.linalg.norm(rows[-1].astype(np.float64) - exact)
        error = float(np.linalg.norm(value - exact) / distance)
        assert error < 1e-4, error
        name = "long-warm" if warmup else "long"
        tensors[name], tensors[f"{name}-float64"] = value, exact
        long.append({"policy": {"kind": "ema", "id": name, "decay": 0.9999, "every": 1, "start": 0, "warmup": warmup},
                     "errorOfFloat32": error})
        print(f"{name}: float32 recurrence is {error:.1e} of the distance to the raw weights away from float64")
    tensors["long-last-row"] = rows[-1]

    write_tensors("averages", tensors)
    write_json("averages", "averages.py", {
        "elements": elements,
        "lastStep": steps,
        "policies": described,
        "long": {"updates": updates, "elements": width, "seed": 11, "stream": STREAMS["probe"], "policies": long},
    }, ["numpy"])


if __name__ == "__main__":
    main()
