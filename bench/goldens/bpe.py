"""
GPT-2's byte-pair encoding, written out plainly, on texts that break tokenizers. The ranks are those in the npm
package `tiktoken` (node_modules/tiktoken/encoders/gpt2.json), so run `npm ci` first. Every answer is checked
against OpenAI's own tiktoken for Python before it is written to fixtures/bpe.json.
"""

import base64
import json
from pathlib import Path

import regex
import tiktoken

from common import write_json

RANKS = Path(__file__).parents[2] / "node_modules/tiktoken/encoders/gpt2.json"
# "Language models are unsupervised multitask learners", encoder.py: contractions, words, numbers, the rest, spaces.
PIECES = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")


def load_ranks() -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    for line in json.loads(RANKS.read_text())["bpe_ranks"].strip().split("\n"):
        _, first, *tokens = line.split(" ")
        for i, token in enumerate(tokens):
            ranks[base64.b64decode(token)] = int(first) + i
    assert len(ranks) == 50_256
    return ranks


def encode(text: str, ranks: dict[bytes, int]) -> list[int]:
    ids = []
    for piece in PIECES.findall(text):
        parts = [bytes([b]) for b in piece.encode()]
        while len(parts) > 1:
            scored = [(ranks.get(a + b, len(ranks)), i) for i, (a, b) in enumerate(zip(parts, parts[1:]))]
            rank, at = min(scored)
            if rank == len(ranks):
                break
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        ids += [ranks[part] for part in parts]
    return ids


TEXTS = {
    "empty": "",
    "plain": "Hello world, this is GPT-2.",
    "contractions": "I'm sure they'll say it's what we've got; you'd've, DON'T, O'REILLY'S 'tis",
    "numbers": "3.14159 1,000,000 ٣٤٥ ⅷ ½ x² 2024-01-31T00:00:00Z",
    "spaces": " a  b   c    d\t\te\t f \n\n\n g\r\nh \u00a0i\u2003j\u3000k\u2028l",
    "trailing spaces": "word   ",
    "leading newlines": "\n\n\n  indented\n    more\n",
    "only spaces": " " * 37,
    "tabs and newlines": "\t\n" * 9,
    "special token as text": "<|endoftext|>and again<|endoftext|> <|ENDOFTEXT|> <|endoftext",
    "emoji": "😀👍🏽👩‍👩‍👧‍👦🇳🇴 🏳️‍🌈!",
    "scripts": "Größe, naïve café, Ελληνικά, русский, עברית, العربية, हिन्दी, 中文字符, 日本語テキスト, 한국어, ไทย",
    "combining": "e\u0301 is not \u00e9; Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    "controls": "\x00\x01\x02\x1b[0m\x7f\u0085\u200b\u200d\ufeff",
    "byte order mark": "\ufeffStart",
    "replacement characters": "caf\ufffd \ufffd\ufffd",
    "astral letters": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 𒀀 \U0010ffff \ue000",
    "code": "for (let i=0;i<10;++i){\n\treturn a[i]?.b ?? 'c';\n}\n// ————————",
    "url": "https://example.org/a/b?c=d&e=%20#f_g-h",
    "apostrophes": "''''s '''t 's's's 'S 'll'll ’s",
    "digits and letters": "a1b2c3 1st 22nd ١a x86_64 0x7fffffff",
    "underscores": "__init__ snake_case_name ______",
    "glitch words": " SolidGoldMagikarp petertodd externalToEVA rawdownloadcloneembedreportprint",
}
REPEATED = {
    "one long word": ("antidisestablishmentarianism", 40),
    "one letter": ("a", 600),
    "one unknown letter": ("ꙮ", 120),
    "punctuation": ("=", 333),
    "emoji run": ("🤖", 64),
    "digits": ("1234567890", 50),
}
# Bytes that are no UTF-8: each maximal broken part becomes one U+FFFD, as the WHATWG decoder and Python do.
BROKEN = {
    "lone continuation": b"a\x80b",
    "latin-1": b"caf\xe9 au lait",
    "cut short": b"emoji \xf0\x9f\x98",
    "cut inside": b"\xe2\x82 and on",
    "overlong": b"\xc0\xaf\xe0\x80\xaf",
    "surrogate": b"\xed\xa0\x80!",
    "past the end": b"\xf4\x90\x80\x80",
    "never bytes": b"\xfe\xff\xf8",
    "two starts": b"\xe2\xe2\x82\xac",
}


def main() -> None:
    ranks = load_ranks()
    official = tiktoken.Encoding(
        "gpt2", pat_str=PIECES.pattern, mergeable_ranks=ranks, special_tokens={"<|endoftext|>": 50_256}, explicit_n_vocab=50_257
    )

    def checked(text: str) -> list[int]:
        ids = encode(text, ranks)
        assert ids == official.encode(text, disallowed_special=()), text
        assert official.decode(ids) == text
        return ids

    write_json("bpe", "bpe.py", {
        "texts": [{"name": name, "text": text, "ids": checked(text)} for name, text in TEXTS.items()],
        "repeated": [{"name": name, "text": text, "times": n, "ids": checked(text * n)} for name, (text, n) in REPEATED.items()],
        "broken": [
            {"name": name, "bytes": list(raw), "text": raw.decode(errors="replace"),
             "ids": checked(raw.decode(errors="replace"))}
            for name, raw in BROKEN.items()
        ],
    }, ["regex", "tiktoken"])


if __name__ == "__main__":
    main()
