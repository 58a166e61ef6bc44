"""
Which dataset each row of a mix is drawn from, from docs/conventions.md: keys row by row, and rows counted one by one.
Run to write fixtures/mix.json.
"""

import hashlib

from common import write_json
from threefry import STREAMS, threefry


def members(weights, seed, fingerprints, rows):
    digest = hashlib.sha256("\n".join(fingerprints).encode()).digest()
    low, high = (int.from_bytes(digest[i : i + 4], "little") for i in (0, 4))
    shift = int(threefry((seed, STREAMS["mix"]), (low, high))[0])
    ends, total = [], 0.0
    for weight in weights:
        total += weight
        ends.append(total)
    ends = [int(end / total * 2**32 + 0.5) for end in ends]
    for row in rows:
        key = int(f"{row % 2**32:032b}"[::-1], 2) ^ shift
        yield next(i for i, end in enumerate(ends) if key < end)


def main() -> None:
    cases = []
    for weights, seed, fingerprints in [
        ([1.0, 1.0], 1337, ["a" * 64, "b" * 64]),
        ([0.7, 0.25, 0.05], 0, ["0123456789abcdef" * 4, "b" * 64, "c" * 64]),
        ([3.0, 1e-3, 12.5, 2.0], 2**32 - 1, ["d" * 64, "e" * 64, "f" * 64, "0" * 64]),
    ]:
        counts = [0] * len(weights)
        first = list(members(weights, seed, fingerprints, range(3000)))
        places = []
        for member in first:
            places.append(counts[member])
            counts[member] += 1
        late = [2**31 + 7, 2**32 - 1, 2**32, 2**32 + 2999, 5 * 2**32 + 11]
        cases.append({
            "weights": weights,
            "seed": seed,
            "fingerprints": fingerprints,
            "members": "".join(map(str, first)),
            "places": places[-8:],
            "late": [{"row": row, "member": m} for row, m in zip(late, members(weights, seed, fingerprints, late))],
        })
    write_json("mix", "mix.py", {"orders": cases}, ["numpy"])


if __name__ == "__main__":
    main()
