"""Sound replies by rules: tasks that fit a text, and rows with values and sentences of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scripted_prompt import Prompt
from scripted_values import find, paragraphs, passage, relations, sentences
from scripted_words import CONCLUSIONS, EXTRACTIONS, FALLBACK_CONCLUSION, GENERATIONS, WORDS, Extraction

from sevenllm_bench.catalog import task_by_name


def sound_reply(prompt: Prompt) -> str:
    """The reply to a prompt, as JSON text."""
    if prompt.kind == "grade":
        grade = 5 if number_of(prompt.user) % 3 else 4
        return _json({"reason": "It does what was asked, and agrees with the material.", "code": prompt.code, "score": grade})
    if prompt.kind == "select":
        return _json({"code": prompt.code, **_tasks(prompt)})
    if prompt.kind == "other":
        return "ready"
    if prompt.kind == "rewrite":
        return _json({"code": prompt.code, **better_answer(prompt)})
    row = {"understanding": extraction, "generation": analysis, "mcq": question}[prompt.kind](prompt)
    return _json({"code": prompt.code, **row})


def number_of(text: str) -> int:
    """A number that follows from a text."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _tasks(prompt: Prompt) -> dict[str, list[dict[str, str]]]:
    words = WORDS[prompt.language]
    fitting = [name for name, task in EXTRACTIONS.items() if len(_values(task, prompt.text, prompt.language)) >= 2]
    turn = number_of(prompt.text)
    picked = {
        "extraction": _turned(fitting, turn)[: prompt.most["extraction"]],
        "generation": _turned(list(GENERATIONS), turn)[: prompt.most["generation"]]
        if sentences(prompt.text, prompt.language)
        else [],
        "mcq": _turned(["Threat Analysis", "Attack Means Analysis", "Impact Scope"], turn)[: prompt.most["mcq"]],
    }
    return {
        group: [{"task": name, "thought": words["plan"].format(task=_name(name, prompt.language))} for name in names]
        for group, names in picked.items()
    }


def _name(task: str, language: str) -> str:
    found = task_by_name(task)
    return found.name_zh if found and language == "zh" else task


def _turned(items: list[str], turn: int) -> list[str]:
    place = turn % len(items) if items else 0
    return items[place:] + items[:place]


def _values(task: Extraction, text: str, language: str) -> list[str]:
    if task.form == "relations":
        return [" ".join(triple) for triple in relations(text, language)]
    if task.form == "events":
        return [sentence for sentence in sentences(text, language) if find("date", sentence, language)]
    if task.form == "class":
        return [key for key in task.classes[language] if _class_sentence(task, key, text, language)] * 2
    if task.form == "sentences":
        return [sentence for sentence in sentences(text, language) if re.search(task.about[language], sentence)]
    return [value for kind in task.kinds for value in find(kind, text, language)]


def _class_sentence(task: Extraction, key: str, text: str, language: str) -> str | None:
    pattern = task.classes[language][key]
    return next((sentence for sentence in sentences(text, language) if re.search(pattern, sentence)), None)


def _best_passage(task: Extraction | None, prompt: Prompt) -> str:
    """The passage with the most values; any other by the prompt."""
    starts = range(len(paragraphs(prompt.text)))
    passages = [passage(prompt.text, prompt.language, start) for start in starts] or [prompt.text]
    if task is None:
        passages = [part for part in passages if len(sentences(part, prompt.language)) >= 3] or [prompt.text]
        return passages[number_of(prompt.user) % len(passages)]
    return max(passages, key=lambda part: len(_values(task, part, prompt.language)))


def extraction(prompt: Prompt) -> dict[str, Any]:
    """A row of extraction."""
    task = EXTRACTIONS.get(prompt.task) or EXTRACTIONS["Key Entity Recognition"]
    part = _best_passage(task, prompt)
    answer = _answer(task, part, prompt)
    words, keys = WORDS[prompt.language], list(answer)
    asked = words["extract"][number_of(prompt.user) % len(words["extract"])]
    joined = words["comma"].join(keys)
    return {
        "instruction": asked.format(what=task.what[prompt.language], keys=joined),
        "input": part,
        "thought": words["extract_thought"].format(what=task.what[prompt.language], keys=joined),
        "answer": answer,
    }


def _answer(task: Extraction, part: str, prompt: Prompt) -> dict[str, Any]:
    language, names = prompt.language, task.keys[prompt.language]
    if task.form == "relations":
        triples = relations(part, language)
        return {names[0]: [dict(zip(WORDS[language]["triple"], triple, strict=True)) for triple in triples]}
    if task.form == "events":
        found = [(find("date", sentence, language)[0], sentence) for sentence in _values(task, part, language)]
        return {names[0]: [{names[1]: date, names[2]: sentence} for date, sentence in found[:5]]}
    if task.form == "class":
        kinds = list(dict.fromkeys(_values(task, part, language)))[:1]
        return {names[0]: kinds[0], names[1]: _class_sentence(task, kinds[0], part, language)} if kinds else {}
    if task.form == "sentences":
        return {names[0]: _values(task, part, language)[:3]}
    groups = ((name, find(kind, part, language)) for name, kind in zip(names, task.kinds, strict=True))
    return {name: values for name, values in groups if values}


def analysis(prompt: Prompt) -> dict[str, Any]:
    """A row of analysis: sentences of the passage, and general words for the task."""
    part, language = _best_passage(None, prompt), prompt.language
    words, turn = WORDS[language], number_of(prompt.user)
    said = sentences(part, language)[:4]
    what = GENERATIONS.get(prompt.task, GENERATIONS["Threat Analysis"])[language]
    conclusion = CONCLUSIONS.get(prompt.task, FALLBACK_CONCLUSION)[language]
    joint = " " if language == "en" else ""
    return {
        "instruction": words["analyse"][turn % len(words["analyse"])].format(what=what),
        "input": part,
        "thought": words["analysis_thought"].format(what=what),
        "answer": joint.join((*said, conclusion)),
    }


def better_answer(prompt: Prompt) -> dict[str, Any]:
    """A critic's answer: of an extraction the same values, else prose made from the passage."""
    words = WORDS[prompt.language]
    given = prompt.parts.get("ANSWER") or prompt.parts.get("作答") or ""
    if given.startswith("{"):
        answer = json.loads(given)
        keys = words["comma"].join(answer)
        return {"thought": words["extract_thought"].format(what=keys, keys=keys), "answer": answer}
    row = analysis(prompt)
    return {"thought": row["thought"], "answer": row["answer"]}


@dataclass(frozen=True)
class _Gap:
    """A sentence with something left out that others could be put in place of."""

    asked: str
    right: str
    wrong: tuple[str, ...]


def question(prompt: Prompt) -> dict[str, Any]:
    """A multiple-choice question: what is left out of a sentence."""
    language, words = prompt.language, WORDS[prompt.language]
    turn = number_of(prompt.user)
    for start in range(len(paragraphs(prompt.text))):
        part = passage(prompt.text, language, start + turn)
        gaps = [*_value_gaps(part, prompt.text, language), *_endings(part, prompt.text, language)]
        if gaps:
            gap = gaps[turn % len(gaps)]
            thought = words["mcq_thought"].format(right=gap.right)
            return {"question": gap.asked, "input": part, "right": gap.right, "wrong": list(gap.wrong), "thought": thought}
    return {"question": words["no_question"], "input": prompt.text, "right": "", "wrong": [], "thought": "-"}


def _value_gaps(part: str, text: str, language: str) -> Iterator[_Gap]:
    for sentence in sentences(part, language):
        for kind in ("name", "date", "file", "domain", "ip", "clock"):
            others = find(kind, text, language)
            for value in find(kind, sentence, language):
                wrong = _all_apart([other for other in others if other not in sentence], value)
                if len(wrong) >= 3 and sentence.count(value) == 1:
                    yield _Gap(WORDS[language]["gap"].format(sentence=sentence.replace(value, "____")), value, tuple(wrong[:3]))


def _all_apart(texts: list[str], first: str) -> list[str]:
    """The texts of which none is a part of another, or of the first one."""
    kept = [first.casefold()]
    found = []
    for text in texts:
        if all(text.casefold() not in other and other not in text.casefold() for other in kept):
            kept.append(text.casefold())
            found.append(text)
    return found


def _endings(part: str, text: str, language: str) -> Iterator[_Gap]:
    """Sentences that others' endings could follow."""
    least = 20 if language == "en" else 6

    def ending(sentence: str) -> str:
        return re.split(r"[,，]\s?", sentence)[-1].rstrip(".。!?！？")

    tails = [ending(sentence) for sentence in sentences(text, language) if re.search(r"[,，]", sentence)]
    tails = [tail for tail in tails if "://" not in tail]
    for sentence in sentences(part, language):
        right = ending(sentence)
        head = sentence[: sentence.rfind(right)].rstrip(" ,，")
        alike = [tail for tail in tails if tail not in head and len(right) / 1.7 <= len(tail) <= 1.7 * len(right)]
        wrong = _all_apart([tail for tail in alike if len(tail) >= least], right)
        if right in tails and len(right) >= least and len(head) >= least and len(wrong) >= 3:
            yield _Gap(WORDS[language]["ending"].format(head=head), right, tuple(wrong[:3]))
