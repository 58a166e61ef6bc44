"""Files of torch.save, small, with what is in them: fixtures/torch/*.pt beside fixtures/torch.json."""

import zipfile
from collections import OrderedDict

import torch
from common import FIXTURES, write_json

OUT = FIXTURES / "torch"


def flat(tensor: torch.Tensor) -> dict:
    return {"shape": list(tensor.shape), "values": tensor.detach().double().flatten().tolist()}


def main() -> None:
    torch.manual_seed(7)
    OUT.mkdir(exist_ok=True)
    base = torch.randn(5, 4)
    plain = OrderedDict(
        base=base,
        # A view into the same storage, from its middle.
        rows=base[2:4],
        tied=base,
        half=torch.randn(3, 2).half(),
        bfloat=torch.randn(3, 2).bfloat16(),
        double=torch.randn(3, dtype=torch.float64),
        parameter=torch.nn.Parameter(torch.randn(2, 3)),
        scalar=torch.tensor(2.5),
        empty=torch.zeros(0, 3),
        mask=torch.tensor([True, False, True]),
        long=torch.tensor([1, -2, 3]),
    )
    wanted = {}
    for protocol in (2, 4, 5):
        torch.save(plain, OUT / f"plain-{protocol}.pt", pickle_protocol=protocol)
    wanted["plain"] = {name: flat(tensor) for name, tensor in plain.items()}

    # A whole training state, as scripts keep it, under both prefixes.
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-4)
    model(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    state = OrderedDict((f"_orig_mod.module.{name}", value) for name, value in model.state_dict().items())
    checkpoint = {
        "model": state,
        "optimizer": optimizer.state_dict(),
        "model_args": {"n_layer": 1, "bias": True, "vocab_size": None},
        "iter_num": 2000,
        "best_val_loss": torch.tensor(1.4697),
        "config": {"device": "cuda", "dtype": torch.bfloat16, "learning_rate": 6e-4, "betas": (0.9, 0.95), "big": 10**30},
    }
    torch.save(checkpoint, OUT / "training.pt")
    wanted["training"] = {name: flat(tensor) for name, tensor in model.state_dict().items()}
    torch.save(OrderedDict(w=base.t()), OUT / "transposed.pt")
    torch.save(plain, OUT / "legacy.pt", _use_new_zipfile_serialization=False)
    with zipfile.ZipFile(OUT / "plain-2.pt") as stored, zipfile.ZipFile(OUT / "deflated.pt", "w") as packed:
        for info in stored.infolist():
            data = stored.read(info)
            packed.writestr(zipfile.ZipInfo(info.filename), data, zipfile.ZIP_DEFLATED)
    write_json("torch", "torch_files.py", {"wanted": wanted}, ["torch"])


if __name__ == "__main__":
    main()
