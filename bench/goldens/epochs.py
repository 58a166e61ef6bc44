"""
Which tokens a step trains on in epochs, from docs/conventions.md. Run to write fixtures/epochs.json.
"""

import hashlib

from common import write_json
from threefry import STREAMS, threefry


def permuted(index: int, count: int, key: tuple[int, int]) -> int:
    """Place `index` of a permutation of `count` numbers: eight Feistel rounds over 4^half, walked into range."""
    if count < 2:
        return 0
    half = 1
    while 4**half < count:
        half += 1
    while True:
        left, right = index >> half, index & (1 << half) - 1
        for round_ in range(8):
            word = int(threefry(key, (right, round_))[0])
            left, right = right, left ^ (word >> (32 - half))
        index = left << half | right
        if index < count:
            return index


def starts(count, fingerprint, seed, step, micro_batch, batch, tokens, accumulation):
    digest = hashlib.sha256(fingerprint.encode()).digest()
    low, high = (int.from_bytes(digest[i : i + 4], "little") for i in (0, 4))
    mixed = int(threefry((seed, STREAMS["batch"]), (low, high))[0])
    blocks = (count - 1) // tokens
    spare = count - 1 - blocks * tokens
    out = []
    for row in range(batch):
        number = (step * accumulation + micro_batch) * batch + row
        epoch, place = divmod(number, blocks)
        key = tuple(int(word) for word in threefry((mixed, STREAMS["epoch"]), (epoch, 0)))
        first, second = (int(word) for word in threefry(key, (0, 2**32 - 1)))
        offset = min(int((first << 21 | second >> 11) / 2**53 * (spare + 1)), spare)
        out.append(offset + permuted(place, blocks, key) * tokens)
    return out


def main() -> None:
    cases = []
    for count, fingerprint, seed, step, micro_batch, batch, tokens, accumulation in [
        (1_000, "a" * 64, 1337, 0, 0, 8, 64, 1),
        (1_000, "a" * 64, 1337, 1, 0, 8, 64, 1),
        (1_000, "a" * 64, 1337, 0, 1, 8, 64, 2),
        (1_000, "b" * 64, 1338, 7, 3, 8, 64, 4),
        (65, "a" * 64, 0, 5, 0, 4, 64, 1),
        (9_035_582_198, "0123456789abcdef" * 4, 2**32 - 1, 69_999, 23, 16, 1024, 40),
    ]:
        cases.append({
            "count": count,
            "at": {"fingerprint": fingerprint, "seed": seed, "step": step, "microBatch": micro_batch},
            "size": {"batch": batch, "tokens": tokens, "accumulation": accumulation},
            "starts": starts(count, fingerprint, seed, step, micro_batch, batch, tokens, accumulation),
        })
    whole = [start for step in range(15) for start in starts(1_000, "d" * 64, 1, step, 0, 1, 64, 1)]
    assert sorted(start - min(whole) for start in whole) == [64 * block for block in range(15)]
    write_json("epochs", "epochs.py", {"training": cases}, ["numpy"])


if __name__ == "__main__":
    main()
