"""
Does a checkpoint that Meander exports with --layout nanogpt open, and mean the same as the Hugging Face folder of the
same weights? usage: nanogpt.py CKPT.pt FOLDER. The model below has nanoGPT's modules and names (model.py of
github.com/karpathy/nanoGPT), written from its documentation of shapes; loading is strict.
"""

import sys

import torch
from torch import nn
from torch.nn import functional as F
from transformers import GPT2LMHeadModel


class Norm(nn.Module):
    def __init__(self, width, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


class Attention(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.heads = a["n_head"]
        self.c_attn = nn.Linear(a["n_embd"], 3 * a["n_embd"], bias=a["bias"])
        self.c_proj = nn.Linear(a["n_embd"], a["n_embd"], bias=a["bias"])

    def forward(self, x):
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in self.c_attn(x).chunk(3, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.c_fc = nn.Linear(a["n_embd"], 4 * a["n_embd"], bias=a["bias"])
        self.c_proj = nn.Linear(4 * a["n_embd"], a["n_embd"], bias=a["bias"])

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.ln_1, self.attn = Norm(a["n_embd"], a["bias"]), Attention(a)
        self.ln_2, self.mlp = Norm(a["n_embd"], a["bias"]), Mlp(a)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Gpt(nn.Module):
    def __init__(self, a):
        super().__init__()
        parts = {
            "wte": nn.Embedding(a["vocab_size"], a["n_embd"]),
            "wpe": nn.Embedding(a["block_size"], a["n_embd"]),
            "h": nn.ModuleList(Block(a) for _ in range(a["n_layer"])),
            "ln_f": Norm(a["n_embd"], a["bias"]),
        }
        self.transformer = nn.ModuleDict(parts)
        self.lm_head = nn.Linear(a["n_embd"], a["vocab_size"], bias=False)
        self.transformer.wte.weight = self.lm_head.weight

    def forward(self, ids):
        x = self.transformer.wte(ids) + self.transformer.wpe.weight[: ids.shape[1]]
        for block in self.transformer.h:
            x = block(x)
        return self.lm_head(self.transformer.ln_f(x))


def main(file: str, folder: str) -> None:
    checkpoint = torch.load(file, weights_only=True)
    mapped = torch.load(file, weights_only=True, mmap=True)
    assert all(torch.equal(mapped["model"][name], tensor) for name, tensor in checkpoint["model"].items())
    args = checkpoint["model_args"]
    model = Gpt(args)
    model.load_state_dict(checkpoint["model"])
    other = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32)
    ids = torch.randint(args["vocab_size"], (8, args["block_size"]), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        left, right = (y.log_softmax(-1) for y in (model.eval()(ids), other.eval()(ids).logits))
    worst = (left - right).abs().max().item()
    print(f"step {checkpoint['iter_num']}, {args}: log-probabilities differ by {worst:.2e} at most")
    assert worst < 1e-4, "not the same model"


if __name__ == "__main__":
    main(*sys.argv[1:])
