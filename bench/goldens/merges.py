"""
Every offline merge in numpy, one rounding per operation, oldest member first: fixtures/merges.safetensors holds four
members of two tensors and what each method makes of them. The halves are rounded once from float64 sums by numpy.
"""

import math

import numpy as np

from common import write_tensors

f32 = np.float32


def weighted(members, shares, dtype):
    total = dtype(shares[0]) * members[0].astype(dtype)
    for share, member in zip(shares[1:], members[1:]):
        total = total + dtype(share) * member.astype(dtype)
    return total


def uniform(members, dtype):
    total = members[0].astype(dtype)
    for member in members[1:]:
        total = total + member.astype(dtype)
    return total / dtype(len(members))


def ema(members, beta, dtype):
    mean = members[0].astype(dtype)
    for member in members[1:]:
        mean = dtype(beta) * mean + dtype(1 - beta) * member.astype(dtype)
    return mean


def slerp(a, b, t):
    x, y = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    cosine = math.fsum(x * y) / (math.sqrt(math.fsum(x * x)) * math.sqrt(math.fsum(y * y)))
    omega = math.acos(min(1, max(-1, cosine)))
    if omega < 1e-3 or omega > math.pi - 1e-3:
        return weighted([a, b], [1 - t, t], f32)
    return weighted([a, b], [math.sin((1 - t) * omega) / math.sin(omega), math.sin(t * omega) / math.sin(omega)], f32)


def main():
    rng = np.random.default_rng(7)
    shapes = {"a": (37, 19), "b": (130,)}
    # b moves little from one member to the next, so that SLERP finds no angle there.
    base = {name: rng.normal(0, 0.3, shape).astype(f32) for name, shape in shapes.items()}
    members = [
        {name: (value + rng.normal(0, 0.2 if name == "a" else 1e-5, value.shape)).astype(f32) for name, value in base.items()}
        for _ in range(4)
    ]
    out = {f"m{i}/{name}": value for i, member in enumerate(members) for name, value in member.items()}
    weights = np.array([1.5, -0.25, 2, 0.75])
    for name in shapes:
        all_ = [member[name] for member in members]
        out |= {
            f"uniform/{name}": uniform(all_, f32),
            f"weights/{name}": weighted(all_, weights / weights.sum(), f32),
            f"linear/{name}": weighted(all_, np.array([1, 2, 3, 4]) / 10, f32),
            f"ema/{name}": ema(all_, 0.7, f32),
            f"interpolate/{name}": weighted(all_[:2], [1 - 0.3, 0.3], f32),
            f"slerp/{name}": slerp(all_[0], all_[1], 0.3),
            f"uniform64/{name}": uniform(all_, np.float64).astype(f32),
            f"ema64/{name}": ema(all_, 0.7, np.float64).astype(f32),
            f"weights64/{name}": weighted(all_, weights / weights.sum(), np.float64).astype(f32),
            f"uniform64half/{name}": uniform(all_, np.float64).astype(np.float16).astype(f32),
            f"sliding2/{name}": uniform(all_[0:3], f32),
            f"sliding3/{name}": uniform(all_[1:4], f32),
        }
    write_tensors("merges", out)


if __name__ == "__main__":
    main()
