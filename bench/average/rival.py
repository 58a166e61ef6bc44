"""The same mean in PyTorch: tensor by tensor, summed in float32 in the order given, divided once, saved and synced.

Reads one JSON object a line, {"inputs": [[file, …], …], "target": file, "threads": n}, and answers {"seconds": s}.
"""

import json
import os
import sys
import time

import torch
from safetensors import safe_open
from safetensors.torch import save_file


def merge(inputs, target):
    opened = [{name: f for f in (safe_open(path, "pt") for path in files) for name in f.keys()} for files in inputs]
    result = {}
    for name in opened[-1]:
        total = None
        for shards in opened:
            tensor = shards[name].get_tensor(name)
            dtype = tensor.dtype
            # A copy, since a tensor of the file may be a view of its pages.
            total = tensor.to(torch.float32, copy=True) if total is None else total.add_(tensor.to(torch.float32))
        result[name] = total.div_(len(opened)).to(dtype)
    save_file(result, target)
    with open(target, "r+b") as file:
        os.fsync(file.fileno())


for line in sys.stdin:
    job = json.loads(line)
    torch.set_num_threads(job["threads"])
    start = time.perf_counter()
    merge(job["inputs"], job["target"])
    print(json.dumps({"seconds": time.perf_counter() - start, "torch": torch.__version__}), flush=True)
