"""
Learning rates of every schedule and warm-up form, from docs/conventions.md, worked out with 60 digits and
rounded once to float64. Run to write fixtures/schedules.json.
"""

from mpmath import cos, mp, mpf, pi, sqrt

from common import write_json

mp.dps = 60


def learning_rate(c: dict, steps: int, s: int):
    """The rate of the update s → s + 1 in a run of `steps` updates."""
    peak, low = mpf(c["peak"]), mpf(c["min"])
    warmup = c["warmupSteps"]
    if s < warmup:
        return peak * (s + 1) / (warmup + 1) if c["warmupForm"] == "shifted" else peak * s / warmup
    if c["kind"] == "constant":
        return peak
    if c["kind"] == "inverse-sqrt":
        return peak * sqrt(mpf(warmup) / max(s, warmup))
    if c["kind"] == "wsd":
        begin = steps - c["cooldownSteps"]
        if s < begin:
            return peak
        share = mpf(s - begin) / c["cooldownSteps"]
        return peak * (1 - sqrt(share)) if c["cooldownForm"] == "1-sqrt" else peak * (1 - share)
    r = mpf(s - warmup) / (steps - warmup)
    if c["kind"] == "cosine":
        return low + (1 + cos(pi * r)) / 2 * (peak - low)
    return peak * (1 - r) + low * r


def case(steps: int, at: list[int], **config) -> dict:
    full = {"min": 0, "warmupSteps": 0, "warmupForm": "shifted", "cooldownSteps": 0, "cooldownForm": "1-sqrt"} | config
    return {"schedule": full, "steps": steps, "at": at, "rates": [float(learning_rate(full, steps, s)) for s in at]}


def main() -> None:
    every = list(range(100))
    long = [0, 1, 999, 1999, 2000, 2001, 20_000, 35_999, 36_000, 69_998, 69_999]
    cases = []
    for form in ("shifted", "plain"):
        for warmup in (0, 1, 10):
            common = {"warmupSteps": warmup, "warmupForm": form}
            cases += [
                case(100, every, kind="constant", peak=3e-3, **common),
                case(100, every, kind="cosine", peak=6e-3, min=6e-4, **common),
                case(100, every, kind="cosine", peak=1e-3, min=0, **common),
                case(100, every, kind="linear", peak=3e-3, min=0, **common),
                case(100, every, kind="linear", peak=3e-3, min=1e-4, **common),
                case(100, every, kind="wsd", peak=3e-3, cooldownSteps=20, cooldownForm="1-sqrt", **common),
                case(100, every, kind="wsd", peak=3e-3, cooldownSteps=20, cooldownForm="linear", **common),
                case(100, every, kind="wsd", peak=3e-3, cooldownSteps=0, **common),
            ]
        cases += [
            case(100, every, kind="inverse-sqrt", peak=2e-3, warmupSteps=10, warmupForm=form),
            # The whole run is warm-up.
            case(10, list(range(10)), kind="cosine", peak=1e-3, min=1e-4, warmupSteps=10, warmupForm=form),
            # Warm-up and cooldown meet.
            case(100, every, kind="wsd", peak=1e-2, warmupSteps=60, warmupForm=form, cooldownSteps=40),
        ]
    # The long runs that presets name: 2,000 of 70,000 steps of warm-up.
    for peak, low in ((6e-3, 6e-4), (3e-3, 3e-4), (2e-3, 1e-5)):
        cases.append(case(70_000, long, kind="cosine", peak=peak, min=low, warmupSteps=2000, warmupForm="plain"))
    cases.append(case(600_000, long + [300_000, 599_999], kind="cosine", peak=6e-4, min=6e-5, warmupSteps=2000))
    cases.append(case(70_000, long, kind="inverse-sqrt", peak=6e-3, warmupSteps=2000))
    write_json("schedules", "schedules.py", {"cases": cases}, ["mpmath"])


if __name__ == "__main__":
    main()
