"""Drafts for tests."""

from sevenllm_bench.select_instruct.corpus_records import Draft, Origin

ORIGIN = Origin(source="reports", location="a.html", sha256="0" * 64)
TEXT = (
    "On 3 May 2024 the operators of Grey Heron sent mails with a shortcut file to the accounting office of a port authority. "
    "The shortcut loaded a script from hxxp://files.example[.]com/a.js, which installed the loader PaleMoth."
)


def draft(number=0, **changes):
    """A sound draft on `TEXT`; `number` tells it from others."""
    kind = changes.get("kind", "understanding")
    fields = {
        "id": f"text{number:04d}#1/understanding/attack_tool_identification",
        "text_id": f"text{number:04d}",
        "origin": ORIGIN,
        "language": "en",
        "kind": kind,
        "category": "Attack Tool Identification",
        "excerpt": TEXT,
        "instruction": f"Name the tools that the attackers used, case {number}.",
        "input": TEXT,
        "thought": "The text names one loader.",
        "output": {"tools": ["PaleMoth"]},
        "choices": {},
    }
    if kind == "mcq":
        fields |= {
            "id": f"text{number:04d}#1/mcq/attack_tool_identification",
            "instruction": f"Which loader was installed in case {number}?",
            "choices": {"A": "PaleMoth", "B": "Grey Heron", "C": "a.js", "D": "none"},
            "output": "A",
        }
    return Draft(**(fields | changes))
