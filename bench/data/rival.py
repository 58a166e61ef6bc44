"""tiktoken's side of the data bench, on all cores, as nanoGPT's OpenWebText preparation does it; and files to read.

Reads one JSON object a line on standard input and answers each with one on standard output:
  {"ranks": path of tiktoken's gpt2.json, "processes": n}  -> {"tiktoken": version}
  {"prepare": path of a .jsonl, "target": path}            -> {"seconds": s, "ids": SHA-256 of the tokens}
  {"parquet": path of a .jsonl, "target": path}            -> {"pyarrow": version or null}
  {"tar": path of a .jsonl, "target": path}                -> {}
"""

import array
import base64
import hashlib
import io
import json
import lzma
import multiprocessing
import sys
import tarfile
import time

encoding = None


def load(path):
    """tiktoken downloads its vocabulary; this takes the same one from a file."""
    global encoding
    import tiktoken

    with open(path) as file:
        data = json.load(file)
    ranks = {}
    for line in data["bpe_ranks"].splitlines():
        _, first, *tokens = line.split(" ")
        for place, token in enumerate(tokens):
            ranks[base64.b64decode(token)] = int(first) + place
    encoding = tiktoken.Encoding(
        name="gpt2", pat_str=data["pat_str"], mergeable_ranks=ranks, special_tokens=data["special_tokens"]
    )
    return tiktoken.__version__


def encode(line):
    ids = encoding.encode_ordinary(json.loads(line)["text"])
    ids.append(encoding.eot_token)
    return array.array("H", ids).tobytes()


def prepare(pool, source, target):
    started = time.perf_counter()
    with open(source, "rb") as lines, open(target, "wb") as out:
        for tokens in pool.imap(encode, lines, chunksize=64):
            out.write(tokens)
    seconds = time.perf_counter() - started
    with open(target, "rb") as file:
        return {"seconds": seconds, "ids": hashlib.file_digest(file, "sha256").hexdigest()}


def texts(source):
    with open(source, "rb") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def parquet(source, target):
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        return {"pyarrow": None}
    table = pyarrow.table({"text": list(texts(source))})
    pyarrow.parquet.write_table(table, target, row_group_size=1000)
    return {"pyarrow": pyarrow.__version__}


def tar(source, target):
    """As OpenWebText is distributed: a tar of .xz files, each of which is a tar of texts."""

    def add(archive, name, content):
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))

    all_texts = list(texts(source))
    with lzma.open(target, "wb", preset=0) as file, tarfile.open(fileobj=file, mode="w") as outer:
        for first in range(0, len(all_texts), 500):
            inside = io.BytesIO()
            with tarfile.open(fileobj=inside, mode="w") as inner:
                for place, text in enumerate(all_texts[first : first + 500]):
                    add(inner, f"{first + place:07}.txt", text.encode())
            add(outer, f"openwebtext/subset{first:07}.xz", lzma.compress(inside.getvalue(), preset=3))
    return {}


def main():
    pool = None
    for line in sys.stdin:
        request = json.loads(line)
        if "ranks" in request:
            version = load(request["ranks"])
            pool = multiprocessing.get_context("fork").Pool(request["processes"])
            answer = {"tiktoken": version}
        elif "prepare" in request:
            answer = prepare(pool, request["prepare"], request["target"])
        elif "parquet" in request:
            answer = parquet(request["parquet"], request["target"])
        else:
            answer = tar(request["tar"], request["target"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
