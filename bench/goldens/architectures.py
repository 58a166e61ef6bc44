"""
GPT-NeoX and Llama by Hugging Face Transformers: tiny models with loud random weights, their logits, losses and every
gradient of the mean loss, in float64 on one thread, rounded once.
Writes fixtures/arch-NAME.json (the config.json that Transformers writes) and fixtures/arch-NAME.safetensors.
"""

import json

import numpy as np
import torch
import torch.nn.functional as F
from common import write_json, write_tensors
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig, LlamaForCausalLM

BATCH, LENGTH, VOCAB = 2, 21, 61

CASES = {
    "neox": (GPTNeoXForCausalLM, lambda: GPTNeoXConfig(
        vocab_size=VOCAB, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=80,
        rotary_pct=0.25, max_position_embeddings=24)),
    # One after the other, tanh GELU, whole heads turning, another base, tied.
    "neox-sequential": (GPTNeoXForCausalLM, lambda: GPTNeoXConfig(
        vocab_size=VOCAB, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96,
        rotary_pct=1.0, rotary_emb_base=500, max_position_embeddings=24, use_parallel_residual=False,
        hidden_act="gelu_new", tie_word_embeddings=True, layer_norm_eps=1e-3)),
    # As Llama 3.1: grouped queries, heads wider than the width's share, stretched frequencies.
    "llama-grouped": (LlamaForCausalLM, lambda: LlamaConfig(
        vocab_size=VOCAB, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=10,
        intermediate_size=40, max_position_embeddings=24, rms_norm_eps=1e-5,
        rope_parameters=dict(rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                             original_max_position_embeddings=16))),
    "llama-tied": (LlamaForCausalLM, lambda: LlamaConfig(
        vocab_size=VOCAB, hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=24,
        max_position_embeddings=24, tie_word_embeddings=True)),
}


def stored(name: str, kind: str) -> str:
    """GPT-NeoX's classifier is called embed_out in every file, lm_head in newer code."""
    return "embed_out.weight" if kind == "gpt_neox" and name == "lm_head.weight" else name


def main() -> None:
    torch.set_num_threads(1)
    for seed, (name, (architecture, config)) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        model = architecture(config())
        model.config._attn_implementation = "eager"
        with torch.no_grad():
            for key, weight in model.named_parameters():
                noise = torch.randn(weight.shape)
                weight.copy_(1 + 0.3 * noise if weight.ndim == 1 and key.endswith("weight") else 0.25 * noise)
        # The rounding of weights and of rotary angles to float32 stays; all else is float64.
        model = model.double().eval()
        ids = torch.randint(0, VOCAB, (BATCH, LENGTH + 1))
        tokens, targets = ids[:, :-1], ids[:, 1:]
        logits = model(tokens).logits
        losses = F.cross_entropy(logits.reshape(-1, VOCAB), targets.reshape(-1), reduction="none")
        losses.mean().backward()
        kind = model.config.model_type
        tensors = {
            "tokens": tokens.to(torch.int32).numpy(),
            "targets": targets.to(torch.int32).numpy(),
            "logits": logits.detach().float().numpy(),
            "losses": losses.detach().float().numpy(),
        }
        for key, weight in model.named_parameters():
            tensors[f"weight/{stored(key, kind)}"] = weight.detach().float().numpy()
            tensors[f"gradient/{stored(key, kind)}"] = weight.grad.float().numpy()
        write_tensors(f"arch-{name}", {key: np.ascontiguousarray(value) for key, value in tensors.items()})
        content = {"config": json.loads(model.config.to_json_string(use_diff=False)), "loss": losses.mean().item()}
        write_json(f"arch-{name}", "architectures.py", content, ["torch", "transformers"])


if __name__ == "__main__":
    main()
