"""
Runs ONNX files that Meander exported in onnxruntime and compares their losses with Meander's.

    node bench/judges/export-cases.ts FOLDER         writes the files and Meander's own losses
    python bench/judges/onnx_loss.py FOLDER          needs numpy, onnx, onnxruntime

For each file: the checker of the package onnx accepts it, the standard operations of one opset are all it uses, the
mean loss on the given tokens is within 1e-5 of Meander's float32 loss (1e-3 for float16), token by token too; one
sequence alone, shorter, gives the losses that it has among others: no later token is looked at, no length is fixed.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

BOUNDS = {"float32": 1e-5, "float16": 1e-3}


def losses_of(session: onnxruntime.InferenceSession, tokens: np.ndarray) -> np.ndarray:
    """Loss of every target, in float64 from the logits."""
    (logits,) = session.run(["logits"], {"input_ids": tokens[:, :-1]})
    logits = logits.astype(np.float64)
    top = logits.max(-1, keepdims=True)
    total = np.log(np.exp(logits - top).sum(-1)) + top[..., 0]
    return total - np.take_along_axis(logits, tokens[:, 1:, None], -1)[..., 0]


def main(folder: Path) -> int:
    cases = [case for case in json.loads((folder / "cases.json").read_text()) if case["dtype"] in BOUNDS]
    failures = 0
    for case in cases:
        path = folder / f"{case['name']}-{case['dtype']}.onnx"
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        opsets = [(entry.domain, entry.version) for entry in model.opset_import]
        foreign = {node.domain for node in model.graph.node if node.domain}
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        tokens = np.array(case["tokens"], dtype=np.int64)
        theirs = losses_of(session, tokens)
        ours = np.array(case["losses"]).reshape(theirs.shape)
        short = losses_of(session, tokens[1:, : tokens.shape[1] // 2])
        mean = abs(theirs.mean() / ours.mean() - 1)
        each = np.linalg.norm(theirs - ours) / np.linalg.norm(ours)
        cut = np.abs(short - theirs[1:, : short.shape[1]]).max()
        bound = BOUNDS[case["dtype"]]
        fits = mean <= bound and each <= 2 * bound and cut <= 1e-4 and opsets == [("", 17)] and not foreign
        failures += not fits
        print(f"{path.name:22} onnxruntime {theirs.mean():.7f}  Meander {ours.mean():.7f}  mean {mean:.0e}  each {each:.0e}",
              f" shorter {cut:.0e} ", "ok" if fits else f"FAILED {opsets} {foreign}")
    print(f"{failures} of {len(cases)} files failed (onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__})")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
