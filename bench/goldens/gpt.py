"""
GPT-2 in PyTorch, as docs/conventions.md describes it, and ten steps of training for each of a few tiny cases.

Names and orientation of weights are those of Hugging Face's GPT-2: a linear layer's weight is [in, out].
Per case this writes fixtures/gpt-NAME.safetensors (first weights, batches, gradients of step 0, weights after
the last step, logits, per-token losses) and fixtures/gpt-NAME.json (configuration, loss, gradient norm and
learning rate of every step, and how far the same run in float64 ends from the one in float32: the noise below
which no disagreement means anything).

Everything runs on one CPU thread, so that a second run gives the same files.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from common import write_json, write_tensors
from schedules import learning_rate
from threefry import STREAMS, kept, normals, words

STEPS = 10


def shapes(model: dict) -> dict[str, tuple[int, ...]]:
    width, rows = model["width"], model["paddedVocabSize"] or model["vocabSize"]
    out: dict[str, tuple[int, ...]] = {
        "transformer.wte.weight": (rows, width),
        "transformer.wpe.weight": (model["blockSize"], width),
    }

    def norm(name):
        out[f"{name}.weight"] = (width,)
        if model["bias"]:
            out[f"{name}.bias"] = (width,)

    def linear(name, inputs, outputs):
        out[f"{name}.weight"] = (inputs, outputs)
        if model["bias"]:
            out[f"{name}.bias"] = (outputs,)

    for layer in range(model["layers"]):
        at = f"transformer.h.{layer}"
        norm(f"{at}.ln_1")
        linear(f"{at}.attn.c_attn", width, 3 * width)
        linear(f"{at}.attn.c_proj", width, width)
        norm(f"{at}.ln_2")
        linear(f"{at}.mlp.c_fc", width, 4 * width)
        linear(f"{at}.mlp.c_proj", 4 * width, width)
    norm("transformer.ln_f")
    return out


def first_weights(model: dict, seed: int) -> dict[str, np.ndarray]:
    """Larger than a real initialisation, and no bias or gain at rest, so that every path of the gradient matters."""
    source = np.random.default_rng(seed)
    weights = {}
    for name, shape in shapes(model).items():
        # c_fc is larger still: it takes inputs of GELU as far as 2 to tell its two forms apart.
        values = source.standard_normal(shape) * (0.3 if name.endswith("c_fc.weight") else 0.1)
        if "ln_" in name and name.endswith("weight"):
            values += 1
        if name == "transformer.wte.weight":
            values[model["vocabSize"] :] = 0
        weights[name] = values.astype(np.float32)
    return weights


def forward(p, model: dict, tokens, drop=lambda site, x: x):
    """Logits [B, T, vocabSize] of tokens [B, T]; padded rows of the embedding take no part."""
    batch, length = tokens.shape
    width, heads = model["width"], model["heads"]
    depth = width // heads

    def norm(name, x):
        return F.layer_norm(x, (width,), p[f"{name}.weight"], p.get(f"{name}.bias"), 1e-5)

    def linear(name, x):
        y = x @ p[f"{name}.weight"]
        return y + p[f"{name}.bias"] if model["bias"] else y

    hidden = torch.ones(length, length, dtype=torch.bool).triu(1)
    x = drop("embedding", p["transformer.wte.weight"][tokens] + p["transformer.wpe.weight"][:length])
    for layer in range(model["layers"]):
        at = f"transformer.h.{layer}"
        q, k, v = linear(f"{at}.attn.c_attn", norm(f"{at}.ln_1", x)).split(width, dim=-1)
        q, k, v = (t.view(batch, length, heads, depth).transpose(1, 2) for t in (q, k, v))
        scores = q @ k.transpose(-1, -2) / math.sqrt(depth)
        if model["inverseLayerScaling"]:
            scores = scores / (layer + 1)
        mixed = drop(f"h.{layer}.attention", scores.masked_fill(hidden, -math.inf).softmax(-1)) @ v
        mixed = mixed.transpose(1, 2).reshape(batch, length, width)
        x = x + drop(f"h.{layer}.attention output", linear(f"{at}.attn.c_proj", mixed))
        inner = linear(f"{at}.mlp.c_fc", norm(f"{at}.ln_2", x))
        inner = F.gelu(inner, approximate="tanh" if model["gelu"] == "tanh" else "none")
        x = x + drop(f"h.{layer}.mlp output", linear(f"{at}.mlp.c_proj", inner))
    return norm("transformer.ln_f", x) @ p["transformer.wte.weight"][: model["vocabSize"]].T


def token_losses(p, model, tokens, targets, drop=lambda site, x: x):
    logits = forward(p, model, tokens, drop)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")


def decayed(name: str, shape, optimizer: dict) -> bool:
    """Weight decay: tensors of two or more dimensions, embeddings only where the configuration says so."""
    embedding = name in ("transformer.wte.weight", "transformer.wpe.weight")
    return len(shape) >= 2 and (optimizer["decayEmbeddings"] or not embedding)


def train(model, optimizer, schedule, first, tokens, targets, dtype):
    """Ten updates. Returns per-step numbers, the gradients of step 0 and the weights at the end."""
    p = {n: torch.tensor(v, dtype=dtype, requires_grad=True) for n, v in first.items()}
    groups = [
        {"params": [t for n, t in p.items() if decayed(n, t.shape, optimizer)], "weight_decay": optimizer["weightDecay"]},
        {"params": [t for n, t in p.items() if not decayed(n, t.shape, optimizer)], "weight_decay": 0.0},
    ]
    adamw = torch.optim.AdamW(
        groups,
        lr=0.0,
        betas=(optimizer["beta1"], optimizer["beta2"]),
        eps=optimizer["epsilon"],
        foreach=False,
        fused=False,
    )
    accumulation = tokens.shape[1]
    lines, first_gradients = [], {}
    for step in range(STEPS):
        rate = float(learning_rate(schedule, STEPS, step))
        for group in adamw.param_groups:
            group["lr"] = rate
        adamw.zero_grad(set_to_none=True)
        loss = 0.0
        for micro in range(accumulation):
            share = token_losses(p, model, tokens[step, micro], targets[step, micro]).mean() / accumulation
            share.backward()
            loss += share.item()
        if step == 0:
            first_gradients = {n: t.grad.detach().clone() for n, t in p.items()}
        norm = torch.nn.utils.clip_grad_norm_(list(p.values()), optimizer["clip"]).item()
        adamw.step()
        lines.append({"step": step, "loss": loss, "gradientNorm": norm, "learningRate": rate})
    return lines, first_gradients, {n: t.detach() for n, t in p.items()}


def relative(a, b) -> float:
    scale = b.double().norm().item()
    return (a.double() - b.double()).norm().item() / scale if scale > 0 else a.double().norm().item()


def case(name: str, seed: int, model: dict, optimizer: dict, schedule: dict, batch: int, length: int) -> None:
    accumulation = 3
    source = np.random.default_rng(seed + 1000)
    # A few tokens are far more frequent than the rest, as in text.
    drawn = np.minimum(source.geometric(0.08, (STEPS, accumulation, batch, length + 1)) - 1, model["vocabSize"] - 1)
    tokens = torch.tensor(drawn[..., :-1].astype(np.int64))
    targets = torch.tensor(drawn[..., 1:].astype(np.int64))
    first = first_weights(model, seed)
    lines, gradients, last = train(model, optimizer, schedule, first, tokens, targets, torch.float32)
    lines64, gradients64, last64 = train(model, optimizer, schedule, first, tokens, targets, torch.float64)
    clipped = [line["gradientNorm"] > optimizer["clip"] for line in lines]
    assert any(clipped) and not all(clipped), f"{name}: clip {optimizer['clip']} of {[l['gradientNorm'] for l in lines]}"

    p = {n: torch.tensor(v) for n, v in first.items()}
    context = tokens[1, 0, :2]
    if length < model["blockSize"]:
        context = torch.cat([context, tokens[1, 1, :2]], 1)[:, : model["blockSize"]]
    arrays = {"tokens": tokens.int().numpy(), "targets": targets.int().numpy(), "context": context.int().numpy()}
    with torch.no_grad():
        arrays["logits"] = forward(p, model, context).numpy()
        arrays["losses"] = token_losses(p, model, tokens[0, 0], targets[0, 0]).numpy()
    for n, v in first.items():
        arrays[f"first/{n}"] = v
        arrays[f"gradient/{n}"] = gradients[n].numpy()
        arrays[f"last/{n}"] = last[n].numpy()
    noise = {
        "loss": max(abs(a["loss"] - b["loss"]) / b["loss"] for a, b in zip(lines, lines64)),
        "gradient": {n: relative(gradients[n], gradients64[n]) for n in first},
        "weights": {n: relative(last[n], last64[n]) for n in first},
    }
    write_tensors(f"gpt-{name}", arrays)
    write_json(f"gpt-{name}", "gpt.py", {
        "model": model,
        "optimizer": optimizer,
        "schedule": schedule,
        "steps": STEPS,
        "batch": {"microBatch": batch, "accumulation": accumulation, "tokens": length},
        "lines": lines,
        "float32AgainstFloat64": noise,
    }, ["torch", "numpy"])
    print(f"{name:12} losses {lines[0]['loss']:.4f} … {lines[-1]['loss']:.4f}, norms",
          " ".join(f"{l['gradientNorm']:.2f}" for l in lines), "clip", optimizer["clip"])
    worst = max(noise["weights"], key=noise["weights"].get)
    worst_gradient = max(noise["gradient"], key=noise["gradient"].get)
    print(f"{'':12} float32 against float64: loss {noise['loss']:.1e}, weights {noise['weights'][worst]:.1e} ({worst}),",
          f"gradient {noise['gradient'][worst_gradient]:.1e} ({worst_gradient})")


def dropout_case(name: str, seed: int, model: dict, batch: int, length: int, at: dict) -> None:
    """Loss and gradients of one micro-batch with dropout, masks drawn by threefry.py."""
    sites = ["embedding"]
    for layer in range(model["layers"]):
        sites += [f"h.{layer}.attention", f"h.{layer}.attention output", f"h.{layer}.mlp output"]
    rate = model["dropout"]

    def drop(site, x):
        stream = STREAMS["dropout"] + sites.index(site)
        drawn = words(at["seed"], stream, at["step"], at["microBatch"], np.arange(x.numel()))
        return x * torch.tensor(kept(drawn, rate).reshape(x.shape)).to(x.dtype) / (1 - rate)

    source = np.random.default_rng(seed + 1000)
    drawn = source.integers(0, model["vocabSize"], (batch, length + 1))
    tokens, targets = torch.tensor(drawn[:, :-1]), torch.tensor(drawn[:, 1:])
    p = {n: torch.tensor(v, requires_grad=True) for n, v in first_weights(model, seed).items()}
    losses = token_losses(p, model, tokens, targets, drop)
    losses.mean().backward()
    arrays = {"tokens": tokens.int().numpy(), "targets": targets.int().numpy(), "losses": losses.detach().numpy()}
    for n, t in p.items():
        arrays[f"first/{n}"] = t.detach().numpy()
        arrays[f"gradient/{n}"] = t.grad.numpy()
    write_tensors(f"gpt-{name}", arrays)
    write_json(f"gpt-{name}", "gpt.py", {
        "model": model,
        "at": at,
        "batch": {"microBatch": batch, "tokens": length},
        "sites": {site: STREAMS["dropout"] + i for i, site in enumerate(sites)},
        "loss": losses.mean().item(),
    }, ["torch", "numpy"])
    print(f"{name:12} loss {losses.mean().item():.4f}")


def initialisation(seed: int, model: dict) -> None:
    """What a run's first weights are: the ends and sums of every tensor."""
    tensors = []
    for index, (name, shape) in enumerate(shapes(model).items()):
        values = np.full(shape, 1.0 if name.endswith("weight") else 0.0)
        if len(shape) == 2:
            drawn = normals(seed, STREAMS["init"], index, 0, np.arange(math.prod(shape))).reshape(shape)
            residual = name.endswith("c_proj.weight")
            values = drawn * (0.02 / math.sqrt(2 * model["layers"]) if residual else 0.02)
        if name == "transformer.wte.weight":
            values[model["vocabSize"] :] = 0
        flat = values.ravel()
        tensors.append({"name": name, "first": flat[:4].tolist(), "last": flat[-4:].tolist(), "sum": float(flat.sum()),
                        "squares": float((flat**2).sum())})
    write_json("gpt-init", "gpt.py", {"model": model, "seed": seed, "tensors": tensors}, ["numpy"])


def model_config(**changes) -> dict:
    return {"blockSize": 16, "vocabSize": 61, "paddedVocabSize": None, "layers": 2, "heads": 4, "width": 32,
            "dropout": 0, "bias": False, "gelu": "exact", "inverseLayerScaling": False} | changes


def optimizer_config(**changes) -> dict:
    return {"beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8, "weightDecay": 0.1, "decayEmbeddings": True, "clip": 1} | changes


def schedule_config(**changes) -> dict:
    return {"kind": "cosine", "peak": 3e-3, "min": 3e-4, "warmupSteps": 3, "warmupForm": "shifted", "cooldownSteps": 0,
            "cooldownForm": "1-sqrt"} | changes


def main() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    # Fewer tokens than the block: the last rows of wpe get no gradient.
    case("nanogpt", 1, model_config(blockSize=24), optimizer_config(clip=1.0), schedule_config(), 4, 20)
    # Padded to 64 rows; clip and epsilon of a summed gradient of 8 micro-batches, on the mean gradient.
    case("paper", 2,
         model_config(layers=3, paddedVocabSize=64, gelu="tanh", inverseLayerScaling=True),
         optimizer_config(decayEmbeddings=False, clip=0.9, epsilon=1.25e-9),
         schedule_config(peak=6e-3, min=6e-4, warmupForm="plain"), 3, 16)
    # A width that is no power of two, 12 channels a head; biases everywhere; epsilon large enough to be felt, which
    # also keeps the key biases, whose true gradient is zero, from walking on rounding noise.
    case("bias", 3,
         model_config(width=48, bias=True, gelu="tanh"),
         optimizer_config(epsilon=1e-5, beta2=0.999, weightDecay=0.01, decayEmbeddings=False, clip=1.1),
         schedule_config(kind="linear", min=0, warmupSteps=2), 2, 16)
    initialisation(1337, model_config(layers=3, paddedVocabSize=64, bias=True))
    dropout_case("dropout", 4, model_config(dropout=0.2, bias=True), 3, 16, {"seed": 1337, "step": 7, "microBatch": 2})


if __name__ == "__main__":
    main()
