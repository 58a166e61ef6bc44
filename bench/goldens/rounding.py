"""
float32 → float16 and float32 → bfloat16, to nearest, ties to even, as torch rounds (numpy agrees on float16), and
the values that the 16 bits stand for. Run to write fixtures/rounding.json: bit patterns as unsigned integers.
"""

import numpy as np
import torch

from common import write_json


def patterns() -> np.ndarray:
    """float32 bit patterns: edges, everything near a tie, a spread of random ones."""
    bits: set[int] = set()

    def near(value: float) -> None:
        with np.errstate(over="ignore"):
            centre = int(np.float32(value).view(np.uint32))
        bits.update((centre + d) & 0xFFFFFFFF for d in (-1, 0, 1))

    for sign in (1.0, -1.0):
        # float16: largest 65504, the tie to infinity 65520, smallest normal 2^-14, smallest 2^-24, and half of it.
        for edge in (0.0, 65504.0, 65519.0, 65520.0, 65536.0, 2.0**-14, 2.0**-14 - 2.0**-25, 2.0**-24, 2.0**-25,
                     3 * 2.0**-25, 2.0**-26, 1.0, 1 / 3, 0.1, np.pi):
            near(sign * edge)
        # Ties between neighbours of float16 (11 bits) and of bfloat16 (8 bits), on even and odd.
        for step in (2.0**-11, 2.0**-8):
            for odd in (1, 3, 5, 2047):
                for scale in (1.0, 2.0**10, 2.0**-13):
                    near(sign * (1 + odd * step) * scale)
        # bfloat16: largest, the tie to infinity, smallest normal and denormals of float32.
        for pattern in (0x7F7F0000, 0x7F7F7FFF, 0x7F7F8000, 0x7F7FFFFF, 0x00800000, 0x007FFFFF, 0x007F8000, 0x00000001,
                        0x00007FFF, 0x00008000, 0x00008001, 0x00018000, 0x7F800000):
            bits.add(pattern | (0x80000000 if sign < 0 else 0))
    bits.discard(0x7F800001)  # a NaN has no rounding to agree on; see nan below
    bits.discard(0xFF800001)
    source = np.random.default_rng(16)
    random = source.integers(0, 2**32, 200, dtype=np.uint64).astype(np.uint32)
    typical = (source.standard_normal(200) * 0.02).astype(np.float32).view(np.uint32)
    all_bits = np.array(sorted(bits | set(map(int, random)) | set(map(int, typical))), dtype=np.uint32)
    return all_bits[~np.isnan(all_bits.view(np.float32))]


def main() -> None:
    source = patterns()
    values = torch.from_numpy(source.view(np.float32).copy())
    half = values.to(torch.float16).view(torch.int16).numpy().view(np.uint16)
    brain = values.to(torch.bfloat16).view(torch.int16).numpy().view(np.uint16)
    with np.errstate(over="ignore"):
        assert (values.numpy().astype(np.float16).view(np.uint16) == half).all()

    back16 = np.arange(0, 2**16, dtype=np.uint32).astype(np.uint16)
    wide = back16.view(np.float16).astype(np.float32)
    keep = ~np.isnan(wide)
    checksum = np.bitwise_xor.reduce(wide[keep].view(np.uint32) * back16[keep].astype(np.uint32))
    write_json("rounding", "rounding.py", {
        "float32": [int(x) for x in source],
        "float16": [int(x) for x in half],
        "bfloat16": [int(x) for x in brain],
        "nan": {"float32": [0x7FC00000, 0x7F800001, 0xFFC12345, 0x7F800000 | 0x1FFF]},
        # Over every float16 pattern p that is no NaN: xor of p · bits(float32(p)) mod 2^32.
        "float16ToFloat32Checksum": int(checksum),
    }, ["numpy", "torch"])


if __name__ == "__main__":
    main()
