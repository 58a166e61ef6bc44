"""Archives as Python's own libraries write them, each with the same pages: what the readers of data are held against.

Needs no package. The zip with a password is written by Info-ZIP (`zip -P`), which is needed for that one file.
"""

import bz2
import gzip
import io
import json
import lzma
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

OUT = Path(__file__).parent / "fixtures" / "archives"
PAGES = 60


def page(i: int) -> bytes:
    """Page i; the tests write the same."""
    return (f"Page {i}: déjà vu 🙂\n" * (1 + 2 * i)).encode()


def tar_of(entries: list[tuple[str, bytes]], form: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        folder = tarfile.TarInfo("openwebtext")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def pages(start: int, end: int, folder: str = "") -> list[tuple[str, bytes]]:
    return [(f"{folder}{i:07d}.txt", page(i)) for i in range(start, end)]


def zip_of(entries: list[tuple[str, bytes]], method: int, force_zip64: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            with archive.open(info, "w", force_zip64=force_zip64) as entry:
                entry.write(content)
    return out.getvalue()


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    subsets = [
        (f"openwebtext/urlsf_subset{n:02d}-{n}_data.xz", lzma.compress(tar_of(pages(20 * n, 20 * n + 20), tarfile.PAX_FORMAT)))
        for n in range(3)
    ]
    everything = b"".join(page(i) for i in range(PAGES))
    half = len(everything) // 2
    long = "a folder with a name that is long/" * 8
    files = {
        # As it is distributed: a tar.xz of xz of tars of texts.
        "openwebtext.tar.xz": lzma.compress(tar_of(subsets, tarfile.GNU_FORMAT)),
        "gnu.tar.gz": gzip.compress(tar_of(pages(0, PAGES, long), tarfile.GNU_FORMAT), mtime=0),
        "pax.tar.bz2": bz2.compress(tar_of(pages(0, PAGES, f"ü/{long}"), tarfile.PAX_FORMAT)),
        "ustar.tar.xz": lzma.compress(tar_of(pages(0, PAGES), tarfile.USTAR_FORMAT), preset=9),
        # Two streams with padding between them and after.
        "streams.txt.xz": lzma.compress(everything[:half], check=lzma.CHECK_CRC32) + bytes(8)
        + lzma.compress(everything[half:], preset=0) + bytes(4),
        "runs.txt.xz": lzma.compress(b"a" * (66 << 20)),
        "sha256.txt.xz": lzma.compress(page(3), check=lzma.CHECK_SHA256),
        "streams.txt.bz2": bz2.compress(everything[:half]) + bz2.compress(everything[half:], 1),
        # Many blocks, long runs.
        "blocks.jsonl.bz2": bz2.compress(
            "".join(json.dumps({"text": f"{i * 2654435761 % 4294967296} {'z' * i}"}) + "\n" for i in range(1500)).encode(), 1
        ),
        "deflated.zip": zip_of(pages(0, PAGES), zipfile.ZIP_DEFLATED),
        "stored64.zip": zip_of(pages(0, 9), zipfile.ZIP_STORED, force_zip64=True),
        "bzip2.zip": zip_of(pages(0, 3), zipfile.ZIP_BZIP2),
        "nested.zip": zip_of(
            [
                ("a/pages.tar.xz", lzma.compress(tar_of(pages(0, 20), tarfile.PAX_FORMAT))),
                ("inner.zip", zip_of(pages(20, 40), zipfile.ZIP_DEFLATED)),
                ("b.txt.gz", gzip.compress(page(40), mtime=0)),
            ],
            zipfile.ZIP_DEFLATED,
        ),
        "hostile.zip": zip_of(
            [("../up.txt", b"up"), ("/root.txt", b"root"), ("C:\\drive.txt", b"drive"), ("fine.txt", b"fine")],
            zipfile.ZIP_STORED,
        ),
    }
    for name, content in files.items():
        (OUT / name).write_bytes(content)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "secret.txt").write_bytes(page(1))
        (Path(folder) / "open.txt").write_bytes(page(2))
        for name, options in [("secret.txt", ["-P", "word"]), ("open.txt", [])]:
            subprocess.run(["zip", "-qX", *options, "password.zip", name], cwd=folder, check=True)
        (OUT / "password.zip").write_bytes((Path(folder) / "password.zip").read_bytes())


main()
