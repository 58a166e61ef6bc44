"""
Opens folders that Meander exported in Hugging Face Transformers and compares what both say.

    node bench/judges/export-cases.ts FOLDER         writes the folders and Meander's own losses
    python bench/judges/transformers_roundtrip.py FOLDER [--golden]

For each folder: the mean loss on the given tokens by the class that config.json names, computed in float32 and in the folder's own
dtype, against Meander's loss of the float32 weights (1e-5 for float32 folders, 1e-3 for float16 and bfloat16); the
losses token by token against Meander's after it read the folder back (1e-5 always); no missing, unexpected or newly
made weights; the tokenizer's ids and decoded text.
--golden records Transformers' losses of the float32 folders in bench/goldens/fixtures/transformers.json.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel
from transformers.utils import logging

sys.path.insert(0, str(Path(__file__).parents[1] / "goldens"))
from common import write_json  # noqa: E402

BOUNDS = {"float32": 1e-5, "float16": 1e-3, "bfloat16": 1e-3}


def losses_of(model: PreTrainedModel, tokens: torch.Tensor) -> torch.Tensor:
    """Loss of every target, in the order of Meander's."""
    with torch.no_grad():
        logits = model.eval()(tokens[:, :-1]).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1).double(), tokens[:, 1:].flatten(), reduction="none")


def mean_error(a: torch.Tensor, b: torch.Tensor) -> float:
    return abs(a.mean() / b.mean() - 1).item()


def token_error(a: torch.Tensor, b: torch.Tensor) -> float:
    return ((a - b).norm() / b.norm()).item()


def judge_weights(folder: Path, case: dict) -> tuple[list[str], torch.Tensor]:
    """What is wrong with the folder's weights, and the losses that Transformers finds; prints a line of numbers."""
    model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    wrong = [f"{key}: {sorted(info[key])}" for key in ("missing_keys", "unexpected_keys", "mismatched_keys") if info[key]]
    if model.config.vocab_size != case["model"]["vocabSize"]:
        wrong.append(f"{model.config.vocab_size} rows for a vocabulary of {case['model']['vocabSize']}")
    as_stored = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    if as_stored.dtype != getattr(torch, case["dtype"]):
        wrong.append(f"Transformers takes the weights for {as_stored.dtype}")
    tokens = torch.tensor(case["tokens"])
    ours, read_back = (torch.tensor(case[key], dtype=torch.float64) for key in ("losses", "lossesReadBack"))
    theirs, own = losses_of(model, tokens), losses_of(as_stored, tokens)
    bound = BOUNDS[case["dtype"]]
    found = {
        "mean": (mean_error(theirs, ours), bound),
        "mean as stored": (mean_error(own, ours), bound),
        "mean read back": (mean_error(theirs, read_back), 1e-5),
        "tokens read back": (token_error(theirs, read_back), 1e-5),
    }
    wrong += [f"{name}: {error:.1e} apart, {allowed} allowed" for name, (error, allowed) in found.items() if not error <= allowed]
    print(f"{case['folder']:17} Transformers {theirs.mean():.7f}  Meander {ours.mean():.7f} ",
          "  ".join(f"{name} {error:.0e}" for name, (error, _) in found.items()), " ok" if not wrong else " FAILED")
    return wrong, theirs


def judge_tokenizer(folder: Path, case: dict) -> list[str]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    wrong = []
    for text in case["texts"]:
        # Meander never reads a special token out of a user's text.
        ids = tokenizer.encode(text["text"], add_special_tokens=False, split_special_tokens=True)
        if ids != text["ids"]:
            wrong.append(f"ids of {text['text'][:40]!r}: Meander {text['ids'][:20]}, Transformers {ids[:20]}")
        back = tokenizer.decode(text["ids"], clean_up_tokenization_spaces=False)
        if back != text["decoded"]:
            wrong.append(f"text of {text['ids'][:20]}: Meander {text['decoded'][:40]!r}, Transformers {back[:40]!r}")
    if len(tokenizer) != case["model"]["vocabSize"]:
        wrong.append(f"the tokenizer knows {len(tokenizer)} ids, the model {case['model']['vocabSize']}")
    return wrong


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("--golden", action="store_true")
    options = options.parse_args()
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    cases = json.loads((options.folder / "cases.json").read_text())
    failures, recorded = 0, []
    for case in cases:
        folder = options.folder / case["folder"]
        wrong, losses = judge_weights(folder, case)
        wrong += judge_tokenizer(folder, case)
        for line in wrong:
            print(f"    {line}")
        failures += len(wrong) > 0
        if case["dtype"] == "float32":
            recorded.append({key: case[key] for key in ("name", "model", "seed", "tokens")} | {"losses": losses.tolist()})
    if options.golden and not failures:
        write_json("transformers", "../judges/transformers_roundtrip.py", {"cases": recorded}, ["torch", "transformers"])
    print(f"{failures} of {len(cases)} folders failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
