"""Tables as pyarrow and Hugging Face's `datasets` write them, each with the same pages of `archives.py`."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict

OUT = Path(__file__).parent / "fixtures" / "tables"
PAGES = 60


def page(i: int) -> str:
    """Page i; the tests write the same."""
    return f"Page {i}: déjà vu 🙂\n" * (1 + 2 * i)


def rows(start: int, end: int) -> dict[str, list]:
    numbers = list(range(start, end))
    return {
        "id": numbers,
        "url": [f"https://example.org/{i}" for i in numbers],
        "text": [page(i) for i in numbers],
        "tags": [["a", "b"][: i % 3] for i in numbers],
    }


def main() -> None:
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    table = pa.table(rows(0, PAGES))

    # Every codec, three row groups.
    for codec in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
        pq.write_table(table, OUT / f"{codec}.parquet", compression=codec, row_group_size=25)
    # Second version of pages, many of them, without a dictionary, and with what other writers choose.
    small = {"compression": "zstd", "data_page_version": "2.0", "data_page_size": 2000, "write_batch_size": 4}
    pq.write_table(table, OUT / "pages-v2.parquet", use_dictionary=False, **small)
    for encoding in ["DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]:
        name = f"{encoding.lower().replace('_', '-')}.parquet"
        pq.write_table(table, OUT / name, use_dictionary=False, column_encoding={"text": encoding}, **small)
    # Texts in a struct, some of them missing, some of them twice.
    nested = [
        None if i % 5 == 4 else {"lang": "en", "body": None if i % 5 == 3 else page(i // 2)} for i in range(PAGES)
    ]
    pq.write_table(pa.table({"id": range(PAGES), "doc": nested}), OUT / "nested.parquet", row_group_size=40)
    pq.write_table(pa.table({"raw": pa.array([page(i).encode() for i in range(3)], pa.large_binary())}), OUT / "bytes.parquet")
    numbers = pa.table({"id": [1, 2], "tags": [["a"], ["b"]]})
    pq.write_table(numbers, OUT / "no-text.parquet")
    pq.write_table(table.slice(0, 0), OUT / "empty.parquet")

    # Arrow: the file and the stream, in record batches, plain and packed; dictionaries; large strings.
    for name, codec in [("file", None), ("lz4", "lz4"), ("zstd", "zstd")]:
        with pa.ipc.new_file(OUT / f"{name}.arrow", table.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as out:
            out.write_table(table, max_chunksize=25)
    with pa.ipc.new_stream(OUT / "stream.arrow", table.schema) as out:
        out.write_table(table, max_chunksize=25)
    feather.write_feather(table, OUT / "table.feather")
    feather.write_feather(table.select(["text"]), OUT / "first-version.feather", version=1)
    kinds = {
        "large": pa.large_string(),
        "dictionary": pa.dictionary(pa.int32(), pa.string()),
        "view": pa.string_view(),
        "binary": pa.binary(),
    }
    for name, kind in kinds.items():
        texts = pa.array([None if i % 7 == 6 else page(i % 9) for i in range(30)], pa.string())
        column = texts.dictionary_encode() if name == "dictionary" else texts.cast(kind)
        with pa.ipc.new_file(OUT / f"{name}.arrow", pa.schema([("text", kind)])) as out:
            out.write_table(pa.table([column], schema=pa.schema([("text", kind)])))
    structs = pa.table({"id": range(PAGES), "doc": nested})
    with pa.ipc.new_stream(OUT / "nested.arrow", structs.schema) as out:
        out.write_table(structs, max_chunksize=40)
    with pa.ipc.new_file(OUT / "no-text.arrow", numbers.schema) as out:
        out.write_table(numbers)

    # save_to_disk, alone and with splits.
    Dataset.from_dict(rows(0, 40)).save_to_disk(OUT / "dataset", num_shards=2)
    splits = {"train": (0, 40), "validation": (40, 50), "test": (50, 60)}
    DatasetDict({name: Dataset.from_dict(rows(*ends)) for name, ends in splits.items()}).save_to_disk(OUT / "splits")


main()
