"""
Which tokens a step trains on and an evaluation measures, from docs/conventions.md. Run to write fixtures/batches.json.
"""

import hashlib

import numpy as np

from common import write_json
from threefry import STREAMS, threefry, words


def starts(count: int, fingerprint: str, seed: int, step: int, micro_batch: int, batch: int, tokens: int) -> list[int]:
    """First token of each row of a micro-batch, from a stream of `count` tokens."""
    digest = hashlib.sha256(fingerprint.encode()).digest()
    low, high = (int.from_bytes(digest[i : i + 4], "little") for i in (0, 4))
    mixed = int(threefry((seed, STREAMS["batch"]), (low, high))[0])
    drawn = words(mixed, STREAMS["batch"], step, micro_batch, np.arange(2 * batch)).reshape(batch, 2)
    places = count - tokens
    out = []
    for first, second in drawn:
        fraction = (int(first) << 21 | int(second) >> 11) / 2**53
        out.append(min(int(fraction * places), places - 1))
    return out


def evaluation(count: int, block: int, wanted: int) -> list[int]:
    blocks = min(wanted, (count - 1) // block)
    return [j * (count - 1) // blocks for j in range(blocks)]


def main() -> None:
    training = []
    for count, fingerprint, seed, step, micro_batch, batch, tokens in [
        (1_000, "a" * 64, 1337, 0, 0, 8, 64),
        (1_000, "a" * 64, 1337, 0, 1, 8, 64),
        (1_000, "a" * 64, 1337, 1, 0, 8, 64),
        (1_000, "b" * 64, 1337, 0, 0, 8, 64),
        (1_000, "a" * 64, 1338, 0, 0, 8, 64),
        (65, "a" * 64, 0, 5, 0, 4, 64),
        (9_035_582_198, "0123456789abcdef" * 4, 2**32 - 1, 69_999, 23, 16, 1024),
    ]:
        training.append({
            "count": count,
            "at": {"fingerprint": fingerprint, "seed": seed, "step": step, "microBatch": micro_batch},
            "size": {"batch": batch, "tokens": tokens},
            "starts": starts(count, fingerprint, seed, step, micro_batch, batch, tokens),
        })
    many = starts(10_064, "c" * 64, 3, 0, 0, 40_000, 64)
    assert 0 <= min(many) < 5 and 9_995 <= max(many) < 10_000 and abs(np.mean(many) - 4_999.5) < 50

    blocks = [{"count": count, "blockSize": block, "wanted": wanted, "starts": evaluation(count, block, wanted)}
              for count, block, wanted in [(10_001, 64, 10), (10_000, 64, 200), (65, 64, 8), (129, 64, 8), (4_434_897, 1024, 7)]]
    for case in blocks:
        gaps = np.diff(case["starts"])
        assert (gaps >= case["blockSize"]).all() and case["starts"][-1] + case["blockSize"] < case["count"]
    write_json("batches", "batches.py", {"training": training, "evaluation": blocks}, ["numpy"])


if __name__ == "__main__":
    main()
