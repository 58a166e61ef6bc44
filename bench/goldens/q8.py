"""
Q8_0 blocks as llama.cpp's gguf package quantises them. Run to write fixtures/q8.json: float32 bit patterns and the
bytes of their blocks.
"""

import numpy as np
from gguf import GGMLQuantizationType, quants

from common import write_json

BLOCK = 32


def blocks() -> np.ndarray:
    source = np.random.default_rng(8)
    rows = [np.zeros(BLOCK), np.full(BLOCK, -0.0), np.arange(BLOCK) - 16.0, np.full(BLOCK, 1e-12)]
    # Multiples of half a quantum: rounding of halves.
    rows.append(np.arange(BLOCK) * 0.5 + np.where(np.arange(BLOCK) == 0, 127.0, 0.0))
    rows += [source.standard_normal(BLOCK) * scale for scale in (0.02, 0.02, 1.0, 60000.0, 1e-6, 1e-4)]
    return np.concatenate(rows).astype(np.float32)


def main() -> None:
    data = blocks()
    quantised = quants.quantize(data, GGMLQuantizationType.Q8_0)
    content = {"float32": data.view(np.uint32).tolist(), "bytes": quantised.view(np.uint8).tolist()}
    write_json("q8", "q8.py", content, ["gguf", "numpy"])


if __name__ == "__main__":
    main()
