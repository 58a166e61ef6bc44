"""Where fixtures lie, and how they are written: one JSON file per case, tensors beside it in safetensors."""

import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

FIXTURES = Path(__file__).parent / "fixtures"


def write_json(name: str, made_by: str, content: dict, packages: list[str] = []) -> None:
    """Writes fixtures/NAME.json; floats are written with all their digits, a line per list of numbers."""
    FIXTURES.mkdir(exist_ok=True)
    versions = {"python": platform.python_version()} | {p: version(p) for p in packages}
    head = {"madeBy": f"bench/goldens/{made_by}", "versions": versions}
    (FIXTURES / f"{name}.json").write_text(_dump(head | content) + "\n")


def _dump(value, indent: str = "") -> str:
    """JSON with dicts and lists of containers spread over lines, and lists of plain values on one."""
    inner = indent + " "
    if isinstance(value, dict) and value:
        rows = (f"{inner}{json.dumps(k)}: {_dump(v, inner)}" for k, v in value.items())
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value):
        return "[\n" + ",\n".join(inner + _dump(v, inner) for v in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False)


def write_tensors(name: str, tensors: dict[str, np.ndarray]) -> None:
    """Writes fixtures/NAME.safetensors."""
    FIXTURES.mkdir(exist_ok=True)
    path = FIXTURES / f"{name}.safetensors"
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, path)
    path.chmod(0o644)
