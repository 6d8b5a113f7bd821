"""What can hide a benchmark row in training data: mutations of a text, and places that it can be put in.

SEVENLLM_DATA_DIR=… python tests/corpus/leak_mutations.py     # the tables of docs/finetuning.md
"""

from __future__ import annotations

import base64
import json
import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from sevenllm_bench.corpus.conversation import Conversation, Turn
from sevenllm_bench.corpus.leaks import LeakGuard
from sevenllm_bench.data.embedded import embedded_split, load_embedded
from sevenllm_bench.data.rows import Row
from sevenllm_bench.text.segment import cut_chinese

#: Rows of a language that each figure of the tables is from.
ROWS = 60
#: ASCII punctuation, digits and letters to their full-width forms (U+FF01 to U+FF5E).
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
CYRILLIC = str.maketrans("aceijopsxyABCEHIKMOPSTXY", "асеіјорѕхуАВСЕНІКМОРЅТХУ")
GREEK = str.maketrans("ovABEHIKMNOPTXYZ", "ονΑΒΕΗΙΚΜΝΟΡΤΧΥΖ")
LEET = str.maketrans("oieastOIEAST", "013457013457")


def foreign(row: Row, size: int, seed: int = 0) -> str:
    """At least `size` bytes of other texts in the row's language."""
    texts = [other.input for other in load_embedded(row.language, "train")]
    random.Random(seed).shuffle(texts)
    text = " ".join(texts)
    return (text * (size // len(text.encode()) + 1))[: size if row.language == "en" else size // 3]


def _words(text: str) -> list[str]:
    return text.split() if (" " in text.strip()[:200] and text.isascii()) or not _is_chinese(text) else cut_chinese(text)


def _is_chinese(text: str) -> bool:
    return sum("\u4e00" <= c <= "\u9fff" for c in text) * 5 > len(text)


def _joined(words: list[str], text: str) -> str:
    return ("" if _is_chinese(text) else " ").join(words)


def _random(text: str) -> random.Random:
    return random.Random(text)


def shuffled(size: int, units: Callable[[str], list[str]] = _words) -> Callable[[str], str]:
    """Words in windows of some size in another order."""

    def change(text: str) -> str:
        words, chance = units(text), _random(text)
        for begin in range(0, len(words), size):
            window = words[begin : begin + size]
            chance.shuffle(window)
            words[begin : begin + size] = window
        return _joined(words, text)

    return change


def neighbours_swapped(text: str) -> str:
    words = _words(text)
    for place in range(0, len(words) - 1, 2):
        words[place : place + 2] = words[place + 1], words[place]
    return _joined(words, text)


def swapped(share: float) -> Callable[[str], str]:
    """A share of the words in one another's places, anywhere in the text."""

    def change(text: str) -> str:
        words, chance = _words(text), _random(text)
        for _ in range(round(share * len(words) / 2)):
            one, other = chance.sample(range(len(words)), 2)
            words[one], words[other] = words[other], words[one]
        return _joined(words, text)

    return change


def replaced(share: float) -> Callable[[str], str]:
    """A share of the words replaced by words of other texts."""

    def change(text: str) -> str:
        words, chance = _words(text), _random(text)
        others = [word for other in load_embedded("zh" if _is_chinese(text) else "en", "train") for word in _words(other.input)]
        for place in chance.sample(range(len(words)), round(share * len(words))):
            words[place] = chance.choice(others)
        return _joined(words, text)

    return change


def sentences_shuffled(text: str) -> str:
    sentences = re.split(r"(?<=[.。;；])", text)
    _random(text).shuffle(sentences)
    return "".join(sentences)


def _escaped(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form.format(ord(c)) for c in text)


def _between(mark: str) -> Callable[[str], str]:
    return lambda text: mark.join(text)


def _mathematical(text: str) -> str:
    """Sans-serif bold letters (U+1D5D4 on) and digits."""
    upper = {ord("A") + n: 0x1D5D4 + n for n in range(26)}
    lower = {ord("a") + n: 0x1D5EE + n for n in range(26)}
    return text.translate(upper | lower | {ord("0") + n: 0x1D7EC + n for n in range(10)})


def _accented(text: str) -> str:
    return unicodedata.normalize("NFC", "".join(c + "\u0301" if c.isascii() and c.isalpha() else c for c in text))


#: Nothing but case, punctuation and spaces, or the writing of characters, is changed.
SPELLINGS: dict[str, Callable[[str], str]] = {
    "verbatim": lambda text: text,
    "lower case": str.lower,
    "full width": lambda text: text.translate(FULL_WIDTH),
    "no spaces": lambda text: re.sub(r"\s+", "", text),
    "other spaces": lambda text: " \n\u3000".join(text.split()),
    "zero-width characters": _between("\u200b"),
    "soft hyphens": _between("\xad"),
    "hexadecimal HTML entities": _escaped("&#x{:x};"),
    "decimal HTML entities": _escaped("&#{};"),
    "JSON string": lambda text: json.dumps(text),
    "JSON string in a JSON string": lambda text: json.dumps(json.dumps(text)),
    "percent-encoded": lambda text: quote(text, safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "mathematical letters": _mathematical,
}
#: A little else may change: what was an escape before is read as one, a backslash that is dropped was part of one.
CLOSE_SPELLINGS: dict[str, Callable[[str], str]] = {
    "upper case": str.upper,
    "no punctuation": lambda text: re.sub(r"[^\w\s]|_", "", text),
    "other punctuation": lambda text: re.sub(r"[^\w\s]", " ; ", text),
    "named HTML entities": lambda text: (
        text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").replace(" ", "&nbsp;")
    ),
    "escapes u0041": _escaped("\\u{:04x}"),
    "escapes x41 of bytes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "every byte percent-encoded": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "Cyrillic lookalikes": lambda text: text.translate(CYRILLIC),
    "Greek lookalikes": lambda text: text.translate(GREEK),
    "accents": _accented,
    "leetspeak": lambda text: text.translate(LEET),
    "defanged": lambda text: text.replace("http", "hxxp").replace(".", "[.]").replace("@", "[at]"),
}
SHORTENED: dict[str, Callable[[str], str]] = {
    "first four fifths": lambda text: text[: len(text) * 4 // 5],
    "last four fifths": lambda text: text[-(len(text) * 4 // 5) :],
    "shortened, upper case, no punctuation": lambda text: re.sub(r"\W", "", text[: len(text) * 4 // 5].upper()),
    "every fiftieth character dropped": lambda text: "".join(c for n, c in enumerate(text, 1) if n % 50),
}
ORDERS: dict[str, Callable[[str], str]] = {
    "neighbouring words swapped": neighbours_swapped,
    "windows of 3 words shuffled": shuffled(3),
    "windows of 4 words shuffled": shuffled(4),
    "windows of 5 words shuffled": shuffled(5),
    "sentences in another order": sentences_shuffled,
    "10 % of words swapped": swapped(0.1),
    "20 % of words swapped": swapped(0.2),
    "10 % of words replaced": replaced(0.1),
}
#: Found mostly, or not at all: figures, not promises.
PARTLY: dict[str, Callable[[str], str]] = {
    "30 % of words swapped": swapped(0.3),
    "20 % of words replaced": replaced(0.2),
    "30 % of words replaced": replaced(0.3),
    "40 % of words replaced": replaced(0.4),
    "windows of 10 words shuffled": shuffled(10),
    "all words shuffled": shuffled(10**6),
    "rot13": lambda text: text.translate(
        str.maketrans(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "nopqrstuvwxyzabcdefghijklmNOPQRSTUVWXYZABCDEFGHIJKLM"
        )
    ),
    "backwards": lambda text: text[::-1],
}
TEXT_MUTATIONS = SPELLINGS | CLOSE_SPELLINGS | SHORTENED | ORDERS


def training_row(row: Row, **fields: object) -> Row:
    """A training row that has nothing of a benchmark row but what is given."""
    own = {"instruction": "Summarise.", "input": "", "thought": "", "output": "Done.", "kind": "generation", "source": "instruct"}
    return replace(row, **(own | fields))


def conversation(row: Row, *texts: str) -> Conversation:
    """Turns of the user's and the assistant's, in turn."""
    turns = tuple(Turn("assistant" if place % 2 else "user", text) for place, text in enumerate(texts))
    return Conversation(row.id, turns, row.language, "general")


def _pieces(text: str, count: int) -> Iterator[str]:
    size = -(-len(text) // count)
    return (text[begin : begin + size] for begin in range(0, size * count, size))


def _thirds_in_fields(row: Row) -> Row:
    first, second, third = _pieces(row.input, 3)
    return training_row(row, instruction=first, thought=second, output=third)


#: Places for an incident text.
INCIDENT_PLACES: dict[str, Callable[[Row], Row | Conversation]] = {
    "instruction": lambda row: training_row(row, instruction=row.input),
    "thought": lambda row: training_row(row, thought=row.input),
    "output": lambda row: training_row(row, output=row.input),
    "a value of a JSON output": lambda row: training_row(row, output={"Summary": {"Texts": [row.input]}}, kind="understanding"),
    "a value of JSON in a string": lambda row: training_row(row, output=json.dumps({"Summary": row.input})),
    "after a question": lambda row: training_row(row, instruction=f"Which malware is meant?\n\n{row.input}\n\nAnswer in a word."),
    "a third in each of three fields": _thirds_in_fields,
    "within a text three times as long": lambda row: training_row(
        row, input=foreign(row, len(row.input.encode())) + row.input + foreign(row, len(row.input.encode()), 1)
    ),
    "within 20,000 bytes": lambda row: training_row(row, input=foreign(row, 10_000) + row.input + foreign(row, 10_000, 1)),
    "a turn of the user's": lambda row: conversation(row, f"Read this: {row.input}", "Yes."),
    "a turn of the assistant's": lambda row: conversation(row, "Tell me of an incident.", row.input),
    "the fifth turn of six": lambda row: conversation(row, "Hi.", "Hello.", foreign(row, 800), "I see.", row.input, "Yes."),
    "a quarter in each of four turns": lambda row: conversation(row, *_pieces(row.input, 4)),
    "forty short turns": lambda row: conversation(row, *_pieces(row.input, 40)),
    "a key of JSON": lambda row: training_row(row, output={row.input: ["yes"]}, kind="understanding"),
}


def _turns(row: Row, answer: str) -> Conversation:
    return conversation(row, str(row.instruction), answer)


def _other_order(row: Row) -> object:
    return dict(reversed(row.output.items())) if isinstance(row.output, dict) else row.output


#: Instruction and answer of a benchmark row, without its text.
ANSWER_PLACES: dict[str, Callable[[Row], Row | Conversation]] = {
    "instruction and answer": lambda row: training_row(row, instruction=row.instruction, output=row.output, kind=row.kind),
    "instruction and answer under another text": lambda row: training_row(
        row, instruction=row.instruction, output=row.output, kind=row.kind, input=foreign(row, 700)
    ),
    "in a conversation": lambda row: _turns(row, row.reference_text),
}
#: The same, where it depends on the answer's length what is found.
LONG_ANSWER_PLACES: dict[str, Callable[[Row], Row | Conversation]] = {
    "answer under another instruction": lambda row: training_row(row, output=row.output, kind=row.kind),
    "answer with values in another order": lambda row: training_row(
        row, instruction=row.instruction, output=_other_order(row), kind=row.kind
    ),
    "answer with neighbouring words swapped": lambda row: training_row(row, output=neighbours_swapped(_prose(row))),
    "answer, four fifths of it": lambda row: training_row(row, output=SHORTENED["first four fifths"](_prose(row))),
}


def _prose(row: Row) -> str:
    from sevenllm_bench.corpus.example_texts import plain_text

    return plain_text(row.output)


def _with_options_moved(row: Row) -> dict:
    options = list(row.choices.values())
    _random(options[0]).shuffle(options)
    return {"question": row.instruction["question"].upper(), "choice": dict(zip("ABCD", options, strict=True))}


def _question(row: Row) -> str:
    return row.instruction["question"]


#: An MCQ without the benchmark's incident text.
MCQ_PLACES: dict[str, Callable[[Row], Row | Conversation]] = {
    "question and options": lambda row: training_row(row, instruction=row.instruction, kind="mcq", output="A"),
    "under another text": lambda row: training_row(
        row, instruction=row.instruction, input=foreign(row, 500), kind="mcq", output="A"
    ),
    "options in another order, upper case": lambda row: training_row(
        row, instruction=_with_options_moved(row), kind="mcq", output="A"
    ),
    "JSON in a string": lambda row: training_row(row, instruction=json.dumps(row.instruction, ensure_ascii=False)),
    "question alone": lambda row: training_row(row, instruction=_question(row)),
    "question alone, without 'choose from A, B, C, D'": lambda row: training_row(
        row, instruction=re.split(r"请从|(?:Please )?[Cc]hoose", _question(row))[0]
    ),
    "question within a conversation": lambda row: conversation(
        row, f"I have a question. {_question(row)}", "It is the second one."
    ),
    "other options": lambda row: training_row(
        row, instruction={"question": _question(row), "choice": dict(zip("ABCD", "1234", strict=True))}, kind="mcq", output="A"
    ),
}


# --- the tables ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A line of a table: of how many rows, in each language, how many were found."""

    name: str
    found: dict[str, tuple[int, int]]


def recall(guard: LeakGuard, rows: list[Row], place: Callable[[Row], Row | Conversation]) -> tuple[int, int]:
    """Rows found, of how many."""
    return len(guard.separate(map(place, rows))[1]), len(rows)


def chosen(rows: list[Row], language: str, kinds: set[str]) -> list[Row]:
    """The `ROWS` rows of a language and some kinds that the tables are from, each with a text of its own."""
    own = {
        row.input if kinds != {"mcq"} else row.id: row
        for row in rows
        if row.language == language and row.kind in kinds and row.input
    }
    return random.Random(0).sample(list(own.values()), min(ROWS, len(own)))


def tables(benchmark: list[Row], guard: LeakGuard) -> Iterator[tuple[str, list[Line]]]:
    """All tables: name, lines."""
    everything = {"understanding", "generation", "mcq"}

    def text(change: Callable[[str], str]) -> Callable[[Row], Row]:
        return lambda row: training_row(row, input=change(row.input))

    def line(name: str, place: Callable[[Row], Row | Conversation], kinds: set[str]) -> Line:
        return Line(name, {language: recall(guard, chosen(benchmark, language, kinds), place) for language in ("en", "zh")})

    for title, changes in {
        "spelling": SPELLINGS | CLOSE_SPELLINGS,
        "length": SHORTENED,
        "order": ORDERS,
        "not sure": PARTLY,
    }.items():
        yield title, [line(name, text(change), everything) for name, change in changes.items()]
    yield "incident text in", [line(name, place, everything) for name, place in INCIDENT_PLACES.items()]
    for kind in ("generation", "understanding"):
        yield kind, [line(name, place, {kind}) for name, place in (ANSWER_PLACES | LONG_ANSWER_PLACES).items()]
    yield "MCQ", [line(name, place, {"mcq"}) for name, place in MCQ_PLACES.items()]


def main() -> None:
    """Print the tables, from the official rows, and what is found of rows that are no leaks."""
    import os

    from sevenllm_bench.corpus.source.instruct import load_instruct
    from sevenllm_bench.data.official import load_official

    folder = Path(os.environ["SEVENLLM_DATA_DIR"])
    official = list(load_official(folder).rows)
    guard = LeakGuard((*official, *embedded_split("test")))
    for title, lines in tables(official, guard):
        print(f"| {title} | English | Chinese |\n|---|--:|--:|")
        for line in lines:
            print(f"| {line.name} | " + " | ".join(f"{found} of {all_}" for found, all_ in line.found.values()) + " |")
        print()
    clean = {
        "genuine": load_instruct(folder.parent / "sevenllm-instruct" / "train_examples.jsonl").rows,
        "embedded": (*embedded_split("train"), *embedded_split("fewshot")),
    }
    for name, rows in clean.items():
        print(f"{name}: {len(guard.separate(rows)[1])} of {len(rows)}")


if __name__ == "__main__":
    main()
