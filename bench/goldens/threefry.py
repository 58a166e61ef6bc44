"""
Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC 2011), written from the paper's description, and the numbers that Meander draws from it.

Run to write fixtures/threefry.json.
"""

import numpy as np

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = np.uint32(0x1BD11BDA)

STREAMS = {"init": 1, "batch": 2, "evaluation": 3, "sampling": 4, "probe": 5, "split": 6, "epoch": 7, "shuffle": 8, "mix": 9, "dropout": 1000}


def threefry(key, counter):
    """Two uint32 arrays from two key words and two counter words (scalars or arrays, broadcast)."""
    k0, k1 = (np.asarray(k, dtype=np.uint32) for k in key)
    x0, x1 = (np.asarray(c, dtype=np.uint32) for c in counter)
    schedule = (k0, k1, k0 ^ k1 ^ PARITY)
    with np.errstate(over="ignore"):
        x0, x1 = x0 + k0, x1 + k1
        for r in range(20):
            rotation = ROTATIONS[r % 8]
            x0 = x0 + x1
            x1 = (x1 << np.uint32(rotation)) | (x1 >> np.uint32(32 - rotation))
            x1 = x1 ^ x0
            if r % 4 == 3:
                injection = r // 4 + 1
                x0 = x0 + schedule[injection % 3]
                x1 = x1 + schedule[(injection + 1) % 3] + np.uint32(injection)
    return x0, x1


def words(seed: int, stream: int, step: int, micro_batch: int, elements) -> np.ndarray:
    """word(e) of every e in elements, at the given coordinates."""
    e = np.asarray(elements, dtype=np.uint32)
    key = threefry((seed, stream), (step, micro_batch))
    even, odd = threefry(key, (e >> np.uint32(1), np.uint32(0)))
    return np.where(e & np.uint32(1), odd, even)


def uniforms(words_: np.ndarray) -> np.ndarray:
    """float64 in [0, 1), a multiple of 2^-24, so exact in float32."""
    return (words_ >> np.uint32(8)).astype(np.float64) * 2.0**-24


def normals(seed: int, stream: int, step: int, micro_batch: int, elements) -> np.ndarray:
    """Box and Muller's transform, cosine branch: element e from words 2e and 2e + 1, taken as 32-bit fractions."""
    e = np.asarray(elements, dtype=np.uint32)
    radius = words(seed, stream, step, micro_batch, 2 * e).astype(np.float64)
    angle = words(seed, stream, step, micro_batch, 2 * e + 1).astype(np.float64)
    return np.sqrt(-2 * np.log((radius + 1) / 2**32)) * np.cos(2 * np.pi * angle / 2**32)


def kept(words_: np.ndarray, rate: float) -> np.ndarray:
    """Whether dropout keeps each element."""
    return words_ >= np.uint32(int(np.floor(rate * 2.0**32)))


# Key, counter, result: the known answers for threefry2x32 with 20 rounds that the Random123 library publishes.
KNOWN = [
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


def main() -> None:
    from common import write_json

    for key, counter, expected in KNOWN:
        got = tuple(int(x) for x in threefry(key, counter))
        assert got == expected, f"threefry is wrong: {got} for {expected}"

    source = np.random.default_rng(20)
    blocks = [[*key, *counter, *expected] for key, counter, expected in KNOWN]
    for row in source.integers(0, 2**32, size=(40, 4), dtype=np.uint64):
        k0, k1, c0, c1 = (int(x) for x in row)
        blocks.append([k0, k1, c0, c1, *(int(x) for x in threefry((k0, k1), (c0, c1)))])

    elements = [0, 1, 2, 3, 7, 100, 65_535, 65_536, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 2, 2**32 - 1]
    places = [
        (0, STREAMS["init"], 0, 0),
        (1337, STREAMS["init"], 0, 0),
        (1337, STREAMS["batch"], 0, 0),
        (1337, STREAMS["batch"], 1, 0),
        (1337, STREAMS["batch"], 0, 1),
        (1337, STREAMS["dropout"] + 3, 77, 2),
        (2**32 - 1, STREAMS["sampling"], 2**32 - 1, 2**32 - 1),
    ]
    streams = []
    for place in places:
        w = words(*place, elements)
        streams.append(
            {
                "at": list(place),
                "elements": elements,
                "words": [int(x) for x in w],
                "uniforms": [float(x) for x in uniforms(w)],
            }
        )

    pairs = [0, 1, 2, 3, 50, 32_767, 32_768, 2**30, 2**31 - 1]
    gaussian = [{"at": list(place), "elements": pairs, "values": [float(x) for x in normals(*place, pairs)]}
                for place in places]

    masks = []
    for rate in (0.0, 0.1, 0.2, 0.5, 0.9, 2.0**-32, 1 - 2.0**-20):
        bits = kept(words(5, 1001, 3, 1, np.arange(4096)), rate)
        masks.append({"at": [5, 1001, 3, 1], "rate": rate, "count": 4096, "kept": int(bits.sum()),
                      "first64": "".join("1" if b else "0" for b in bits[:64])})
    # 200,000 draws: the mean of a uniform, the share that dropout drops.
    many = words(9, STREAMS["probe"], 0, 0, np.arange(200_000))
    assert abs(uniforms(many).mean() - 0.5) < 0.002 and abs(kept(many, 0.2).mean() - 0.8) < 0.003

    bell = normals(9, STREAMS["probe"], 0, 0, np.arange(200_000))
    assert abs(bell.mean()) < 0.01 and abs(bell.std() - 1) < 0.01 and abs((bell**3).mean()) < 0.03

    write_json("threefry", "threefry.py", {
        "blocks": {"columns": ["k0", "k1", "c0", "c1", "x0", "x1"], "rows": blocks},
        "streams": streams,
        "normals": gaussian,
        "dropout": masks,
    }, ["numpy"])


if __name__ == "__main__":
    main()
