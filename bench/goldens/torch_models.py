"""
Checkpoints to be averaged, and their means by PyTorch: two of nanoGPT, as its train.py saves them (`model`, with
torch.compile's prefix, tied lm_head, model_args), and one model in two shards of pytorch_model.bin.
Writes fixtures/torch/{nanogpt-1.pt,nanogpt-2.pt,shards/} and fixtures/torch-means.safetensors.
"""

import json
from collections import OrderedDict

import numpy as np
import torch
from common import FIXTURES, write_tensors

OUT = FIXTURES / "torch"
LAYERS, HEADS, WIDTH, BLOCK, VOCAB = 2, 2, 8, 8, 11
LINEAR = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")


def nanogpt(seed: int, bias: bool) -> OrderedDict:
    """A state dict with nanoGPT's names and shapes, in the order of its modules."""
    torch.manual_seed(seed)
    state = OrderedDict()
    state["transformer.wte.weight"] = torch.randn(VOCAB, WIDTH)
    state["transformer.wpe.weight"] = torch.randn(BLOCK, WIDTH)

    def norm(name):
        state[f"{name}.weight"] = torch.randn(WIDTH)
        if bias:
            state[f"{name}.bias"] = torch.randn(WIDTH)

    def linear(name, inputs, outputs):
        state[f"{name}.weight"] = torch.randn(outputs, inputs)
        if bias:
            state[f"{name}.bias"] = torch.randn(outputs)

    for layer in range(LAYERS):
        at = f"transformer.h.{layer}"
        norm(f"{at}.ln_1")
        linear(f"{at}.attn.c_attn", WIDTH, 3 * WIDTH)
        linear(f"{at}.attn.c_proj", WIDTH, WIDTH)
        norm(f"{at}.ln_2")
        linear(f"{at}.mlp.c_fc", WIDTH, 4 * WIDTH)
        linear(f"{at}.mlp.c_proj", 4 * WIDTH, WIDTH)
    norm("transformer.ln_f")
    state["lm_head.weight"] = state["transformer.wte.weight"]
    # The mask of nanoGPT without flash attention.
    state["transformer.h.0.attn.bias"] = torch.tril(torch.ones(BLOCK, BLOCK)).view(1, 1, BLOCK, BLOCK)
    return state


def save_nanogpt(number: int, state: OrderedDict, bias: bool) -> None:
    args = dict(n_layer=LAYERS, n_head=HEADS, n_embd=WIDTH, block_size=BLOCK, bias=bias, vocab_size=VOCAB, dropout=0.0)
    named = OrderedDict((f"_orig_mod.{name}", value) for name, value in state.items())
    torch.save({"model": named, "model_args": args, "iter_num": number}, OUT / f"nanogpt-{number}.pt")


def main() -> None:
    OUT.mkdir(exist_ok=True)
    states = [nanogpt(1, False), nanogpt(2, True)]
    save_nanogpt(1, states[0], False)
    save_nanogpt(2, states[1], True)
    means = {}
    for name, newest in states[1].items():
        if name == "lm_head.weight" or name.endswith(".attn.bias"):
            continue
        old = states[0].get(name, torch.zeros_like(newest))
        mean = (old + newest) / 2
        means[f"nanogpt/{name}"] = (mean.t() if name.endswith(LINEAR) else mean).contiguous().numpy()

    # Not a GPT-2, and float16: names and shapes are all that counts.
    torch.manual_seed(3)
    folder = OUT / "shards"
    folder.mkdir(exist_ok=True)
    first = OrderedDict({"model.embed.weight": torch.randn(6, 4).half(), "model.inv_freq": torch.tensor([7, 8, 9])})
    second = OrderedDict({"model.mlp.weight": torch.randn(4, 5).half()})
    files = {"pytorch_model-00001-of-00002.bin": first, "pytorch_model-00002-of-00002.bin": second}
    for file, tensors in files.items():
        torch.save(tensors, folder / file)
    weight_map = {name: file for file, tensors in files.items() for name in tensors}
    index = {"metadata": {"total_size": 1}, "weight_map": weight_map}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=1) + "\n")
    (folder / "config.json").write_text(json.dumps({"model_type": "other", "hidden_size": 4}) + "\n")
    for name, tensor in (first | second).items():
        means[f"shards/{name}"] = tensor.numpy()
    write_tensors("torch-means", {name: np.ascontiguousarray(value) for name, value in means.items()})


if __name__ == "__main__":
    main()
