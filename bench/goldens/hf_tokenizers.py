"""
Byte-level BPE by Hugging Face's `tokenizers`: small vocabularies with the ways of splitting that known models have
(GPT-2, Llama 3 and GPT-4, Qwen, Pythia), their ids of texts that break tokenizers, and what `BpeTrainer` learns from a
small corpus. Special tokens in a text are text (`encode_special_tokens`), and none are added.
"""

import hashlib
import json

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from bpe import BROKEN, REPEATED, TEXTS
from common import write_json

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|DIGITS| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
END = "<|endoftext|>"

MORE = {
    "contractions in any case": "IT'S we'Ve I'LL don'T 'ſ 'ſt they'RE X'd''S'",
    "digits in threes": "1234567 12 1 ٣٤٥٦ 1a22b333c4444 ½½½½ 3.14",
    "line ends after signs": "end.\r\n\r\nnext!!\n \n  \t\n x;\n\ty ;\u2028z \u0085\u0085a",
    "signs before words": "(word [word {_word \tword \u00a0word \u3000字 \r\rword",
    "composed and not": "e\u0301 \u00e9 A\u030a \u212b \ufb01 \u1100\u1161 가 \u0958 q\u0307\u0323 \u2126",
    "runs of spaces": "a  b   c    d     e      f\n  g\n   h  ",
    "added tokens": "x<mark>y <mark><mark>> <mar k><|extra|> a\u0301<mark>\u0301",
    "thai and chinese": "ภาษาไทยไม่มีช่องว่าง 我们在这里，他们在那里。第１２３页「引用」",
    "nul": "a\x00b\x00\x00 \x00",
}
LONG = {
    "100 KB word": ("antidisestablishmentarianism", 3_600),
    "100 KB of one letter": ("z", 100_000),
    "100 KB without spaces": ("我们在这里，他们在那里。12345", 2_400),
    "100 KB of spaces": (" ", 100_000),
    "100 KB of line ends": (" \r\n", 33_000),
}


def corpus() -> list[str]:
    """Documents put together from sentences, always the same."""
    sentences = [text for text in [*TEXTS.values(), *MORE.values()] if text] + [
        "The quick brown fox jumps over the lazy dog, and the dog doesn't mind.",
        "It was the best of times; it was the worst of times, it's said.",
        "Nobody knows what the wind will bring, but everybody knows that it will bring something.",
        "Die Würde des Menschen ist unantastbar. Sie zu achten und zu schützen ist Verpflichtung.",
        "Все люди рождаются свободными и равными в своём достоинстве и правах.",
        "def encode(text):\n    return [ids[word] for word in text.split()]\n",
    ]
    state, documents = 1, []
    for _ in range(160):
        parts = []
        for _ in range(6):
            state = (state * 1664525 + 1013904223) % 2**32
            # Sentences of language come up more often than texts that break tokenizers.
            parts.append(sentences[-1 - (state >> 16) % 6] if state >> 30 else sentences[(state >> 16) % len(sentences)])
        documents.append(" ".join(parts))
    return documents


def split(pattern: str):
    return pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )


def trained(documents: list[str], size: int, before, normalizer=None, added=(), ignore_merges=False) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = before
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.train_from_iterator(
        documents,
        trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=2,
            show_progress=False,
            special_tokens=[END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    tokenizer.add_tokens(list(added))
    return tokenizer


def answers(tokenizer: Tokenizer) -> dict:
    tokenizer.encode_special_tokens = True

    def ids(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False).ids

    texts = TEXTS | MORE | {name: text * times for name, (text, times) in REPEATED.items()}
    long = {}
    for name, (text, times) in LONG.items():
        found = ids(text * times)
        digest = hashlib.sha256(",".join(map(str, found)).encode()).hexdigest()
        long[name] = {"text": text, "times": times, "count": len(found), "sha256": digest}
    return {
        "file": json.loads(tokenizer.to_str()),
        "texts": [{"name": name, "text": text, "ids": ids(text)} for name, text in texts.items()],
        "broken": [
            {"name": name, "bytes": list(raw), "ids": ids(raw.decode(errors="replace"))} for name, raw in BROKEN.items()
        ],
        "long": [{"name": name} | rest for name, rest in long.items()],
    }


def main() -> None:
    documents = corpus()
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    spaces = [AddedToken(" " * n, normalized=True) for n in range(9, 1, -1)]
    marks = [AddedToken("<mark>", normalized=False), AddedToken("<|extra|>", normalized=False, special=True)]
    kinds = {
        "gpt2": trained(documents, 700, split(GPT2)),
        "llama3": trained(documents, 700, split(GPT4.replace("DIGITS", r"\p{N}{1,3}")), added=marks, ignore_merges=True),
        "qwen": trained(documents, 600, split(GPT4.replace("DIGITS", r"\p{N}")), normalizers.NFC(), marks),
        "pythia": trained(documents, 600, byte_level, normalizers.NFC(), spaces),
    }
    for name, tokenizer in kinds.items():
        write_json(f"tokenizer-{name}", "hf_tokenizers.py", answers(tokenizer), ["tokenizers"])
    learnt = trained(documents, 900, byte_level)
    write_json("tokenizer-trained", "hf_tokenizers.py", {"documents": documents} | answers(learnt), ["tokenizers"])


if __name__ == "__main__":
    main()
