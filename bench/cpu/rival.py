"""PyTorch's side of the CPU bench: nanoGPT's model and training step, written anew.

Reads one JSON object a line on standard input and answers each with one on standard output:
  {"load": {...model, "batch": n}, "threads": n}  -> {"torch": version}
  {"turn": steps, "way": "f32" | "bf16" | "f32_compiled" | "bf16_compiled"}  -> {"ms": [...]}
or with {"error": what went wrong}.
"""

import contextlib
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.ln_1 = nn.LayerNorm(width, bias=False)
        self.c_attn = nn.Linear(width, 3 * width, bias=False)
        self.attn_proj = nn.Linear(width, width, bias=False)
        self.ln_2 = nn.LayerNorm(width, bias=False)
        self.c_fc = nn.Linear(width, 4 * width, bias=False)
        self.mlp_proj = nn.Linear(4 * width, width, bias=False)
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = (
            part.view(batch, tokens, self.heads, -1).transpose(1, 2)
            for part in self.c_attn(self.ln_1(x)).split(width, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=self.dropout, is_causal=True)
        y = y.transpose(1, 2).reshape(batch, tokens, width)
        x = x + self.drop(self.attn_proj(y))
        return x + self.drop(self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x)))))


class GPT(nn.Module):
    def __init__(self, blockSize, vocabSize, layers, heads, width, dropout):
        super().__init__()
        self.wte = nn.Embedding(vocabSize, width)
        self.wpe = nn.Embedding(blockSize, width)
        self.drop = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width, bias=False)
        for parameter in self.parameters():
            if parameter.dim() >= 2:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens, targets):
        x = self.drop(self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1])))
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.ln_f(x), self.wte.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), targets.view(-1))


class Trainer:
    def __init__(self, batch, **model):
        torch.manual_seed(1)
        self.size = (batch, model["blockSize"])
        self.vocab = model["vocabSize"]
        self.model = GPT(**model)
        self.compiled = torch.compile(self.model)
        decayed = [p for p in self.model.parameters() if p.dim() >= 2]
        others = [p for p in self.model.parameters() if p.dim() < 2]
        groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=3e-4, betas=(0.9, 0.95), eps=1e-8, fused=True)

    def step(self, way):
        tokens = torch.randint(self.vocab, self.size)
        targets = torch.randint(self.vocab, self.size)
        low = torch.autocast("cpu", dtype=torch.bfloat16) if way.startswith("bf16") else contextlib.nullcontext()
        with low:
            loss = (self.compiled if way.endswith("compiled") else self.model)(tokens, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()


class Desk:
    trainer = None

    def answer(self, request):
        if "load" in request:
            torch.set_num_threads(request["threads"])
            self.trainer = None
            self.trainer = Trainer(**request["load"])
            return {"torch": torch.__version__}
        times = []
        for _ in range(request["turn"]):
            start = time.perf_counter()
            self.trainer.step(request["way"])
            times.append(1000 * (time.perf_counter() - start))
        return {"ms": times}


def main():
    desk = Desk()
    for line in sys.stdin:
        try:
            answer = desk.answer(json.loads(line))
        except Exception as error:
            answer = {"error": str(error).strip().split("\n")[0] or type(error).__name__}
        print(json.dumps(answer), flush=True)


main()
