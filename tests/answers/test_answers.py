import json
from pathlib import Path

import pytest

from sevenllm_bench.answers.extraction import read_extraction
from sevenllm_bench.answers.final_text import final_text
from sevenllm_bench.answers.letter import read_letter
from sevenllm_bench.answers.reading import read_answer

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "mcq_answers.json").read_text(encoding="utf-8"))


PHRASINGS = json.loads((Path(__file__).parents[1] / "golden" / "mcq_phrasings.json").read_text(encoding="utf-8"))["sets"]


@pytest.mark.parametrize(("answer", "letter"), GOLDEN["answers"])
def test_letters(answer, letter):
    assert read_letter(answer, GOLDEN["options"]) == letter


@pytest.mark.parametrize("phrasings", PHRASINGS, ids=("en", "all of the above", "zh"))
def test_phrasings_of_chat_models(phrasings):
    wrong = [(answer, letter) for answer, letter in phrasings["answers"] if read_letter(answer, phrasings["options"]) != letter]
    assert wrong == []


@pytest.mark.parametrize(("answer", "letter"), GOLDEN["answers_like_letters"])
def test_letters_where_options_look_like_letters(answer, letter):
    assert read_letter(answer, GOLDEN["options_like_letters"]) == letter


@pytest.mark.parametrize(
    ("answer", "letter"), [(None, None), (7, None), (True, None), ({"answer": "C"}, "C"), (["D"], "D"), ([], None)]
)
def test_letters_of_values_that_are_not_text(answer, letter):
    assert read_letter(answer, GOLDEN["options"]) == letter


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (None, ""),
        ("  x ", "x"),
        (7, "7"),
        ({"a": "é"}, '{"a": "é"}'),
        ("<think>hm</think>\nx", "x"),
        ("hm</think>x", "x"),
        ("<think>never closed", ""),
        ("### Thought:\nthought\n\n### Response:\nx", "x"),
        ("### Response:\nx\n\n### Response:\ny", "x"),
        ("x\n\n### Response:\n\n", "x"),
        ("x <think>never closed", "x"),
        ("x\n\n### Instruction:\nnext\n\n### Response:\ny", "x"),
        ("x\n\nBelow is an instruction that describes a task, paired", "x"),
        ("### Instruction:\necho\n\n### Response:\nx\n\n### Instruction:\nmore", "x"),
    ],
)
def test_final_text(raw, text):
    assert final_text(raw) == text


@pytest.mark.parametrize(
    ("raw", "values", "how"),
    [
        ('{"a": "x", "b": ["y", {"c": 6}]}', ["x", "y", "6"], "json"),
        ('["x"]', ["x"], "json"),
        ('"x"', ["x"], "json"),
        ("7", ["7"], "json"),
        ("null", ["None"], "json"),
        ("{}", [], "json"),
        ('```json\n{"a": "x"}\n```', ["x"], "fence"),
        ('Sure:\n```\n{"a": "x"}\n```\nHope it helps.', ["x"], "fence"),
        ('```json\n{"a": "x"}', ["x"], "fence"),
        ('The result is {"a": "x"} as asked.', ["x"], "prose"),
        ('See [1]: {"a": "x"}', ["x"], "prose"),
        ('{"a": "x"}\n{"a": "x"}', ["x"], "prose"),
        ("{'a': True, 'b': ('x', 'y'),}", ["True", "x", "y"], "python"),
        ("Here: {'a': 'x'}", ["x"], "prose"),
        ('{"a": "line\nbreak"}', ["line\nbreak"], "json"),
        (r'{"a": "C:\Windows\System32"}', [r"C:\Windows\System32"], "json"),
        ("IOCs: " + " ".join(f"evil{n}[.]com" for n in range(60)) + '\n{"a": "x"}', ["x"], "prose"),
        ('{"a": "' + "(" * 200 + '"}', ["(" * 200], "json"),
        ('{"a": "x"}\n{"a": "x"}\n{"a": "x', ["x"], "prose"),
        ('Result: {"a": "x", // c\n "b": {"c": "y"},\n}', ["x", "y"], "repaired"),
        ("```json\n{“a”: “x”, b: true}\n```", ["x", "True"], "repaired"),
        ('{"a": "x"}\n{"b": "y"}\n\n{\n "a": "z"\n}', ["x", "y", "z"], "repaired"),
        (r'"{\"a\": \"x\"}"', ["x"], "repaired"),
        (r'{"a": "C:\users\x"}', [r"C:\users\x"], "repaired"),
        ("As asked, {'a': 'x', 'b': null} is all.", ["x", "None"], "repaired"),
        ('"{braces} in a text"', ["{braces} in a text"], "json"),
        ('## Result\n\n{"a": "x"}', ["x"], "prose"),
        ('{"a": "x"}; // done', ["x"], "prose"),
        ('```json\n// result\n{"a": "x"}\n```', ["x"], "fence"),
        ("{'a': 'x'}  # done", ["x"], "python"),
        ('["x"\n"y"]', ["x", "y"], "repaired"),
        ("{'a': ['x'\n'y']}", ["x", "y"], "repaired"),
        (r'{"a": "C:\\x", "b": "\d"}', [r"C:\x", r"\d"], "json"),
        (r'{"a": "C:\Users\bob\file\new", "b": "p\nq"}', [r"C:\Users\bob\file\new", "p\nq"], "json"),
        (r'{"a": "C:\temp\dir", b: "q"}', [r"C:\temp\dir", "q"], "repaired"),
        (r'{"a": "\bad\d"}', [r"\bad\d"], "json"),
        ({"a": ["x"]}, ["x"], "json"),
        ([1, True], ["1", "True"], "json"),
    ],
)
def test_json_is_found(raw, values, how):
    read = read_extraction(raw)
    assert (read.values, read.how, read.reason, read.is_json) == (values, how, "", True)


@pytest.mark.parametrize(
    ("raw", "values", "how", "reason"),
    [
        (None, [], "empty", "empty answer"),
        ("  ", [], "empty", "empty answer"),
        ("<think>so", [], "empty", "empty answer"),
        ("no idea", ["no idea"], "text", "no JSON"),
        ('{"a": "x", "b": ["y"', ['{"a": "x", "b": ["y"'], "text", "unclosed JSON"),
        ('{"a": "x"} or {"a": "y"}', ['{"a": "x"} or {"a": "y"}'], "text", "several JSON values"),
        ("{1, 2}", ["{1, 2}"], "text", "no JSON"),
        ("The report [1] says so", ["The report [1] says so"], "text", "no JSON"),
        ('{"a": {"b": "x", "c": "y"}, "d": ["z', ['{"a": {"b": "x", "c": "y"}, "d": ["z'], "text", "unclosed JSON"),
        (
            '```json\n{"a": "x"}\n```\n```json\n{"a": "y"}\n```',
            ['```json\n{"a": "x"}\n```\n```json\n{"a": "y"}\n```'],
            "text",
            "several JSON values",
        ),
        ("NaN", ["NaN"], "text", "no JSON"),
        ('{"a": NaN}', ['{"a": NaN}'], "text", "no JSON"),
        ('{"a": "x"} {"b": "y"}', ['{"a": "x"} {"b": "y"}'], "text", "several JSON values"),
        ("{'a': 'x', 'b': 'y", ["{'a': 'x', 'b': 'y"], "text", "unclosed JSON"),
        ('{"a": tru', ['{"a": tru'], "text", "unclosed JSON"),
        ("It's {what} they said: {see: it's}", ["It's {what} they said: {see: it's}"], "text", "no JSON"),
        ('{"a": "x"}, {"b": "y"}', ['{"a": "x"}, {"b": "y"}'], "text", "several JSON values"),
        ('{"a": 1 2}', ['{"a": 1 2}'], "text", "no JSON"),
        ('{"a": 1e999}', ['{"a": 1e999}'], "text", "no JSON"),
        ("{'a': -1e999}", ["{'a': -1e999}"], "text", "no JSON"),
        ("[-1 2, 3 .5]", ["[-1 2, 3 .5]"], "text", "no JSON"),
        ('{"a": "x" "y"}', ['{"a": "x" "y"}'], "text", "no JSON"),
        ('{"a": true} {"a": 1}', ['{"a": true} {"a": 1}'], "text", "several JSON values"),
        ('{"a": "x"}\n# Corrected\n{"a": "y"}', ['{"a": "x"}\n# Corrected\n{"a": "y"}'], "text", "several JSON values"),
        ('{"a": "x"}\n# Or: {"a": "y"}', ['{"a": "x"}\n# Or: {"a": "y"}'], "text", "several JSON values"),
        ('{"a": "x"} // or {"a": "y"}', ['{"a": "x"} // or {"a": "y"}'], "text", "several JSON values"),
        ('# Draft {"a": "y"}\n{"a": "x"}', ['# Draft {"a": "y"}\n{"a": "x"}'], "text", "several JSON values"),
        ('[{"a": "x"}] and {"c": "d"}', ['[{"a": "x"}] and {"c": "d"}'], "text", "several JSON values"),
    ],
)
def test_json_is_not_found_and_the_reason_is_given(raw, values, how, reason):
    read = read_extraction(raw)
    assert (read.values, read.how, read.reason, read.is_json) == (values, how, reason, False)


@pytest.mark.parametrize(
    "deep", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 3_000 + "1" + "}" * 3_000, "(" * 50_000]
)
def test_deep_nesting_is_invalid_not_fatal(deep):
    read = read_extraction(deep)
    assert (read.how, read.reason) == ("text", "nested too deeply")


@pytest.mark.parametrize(
    ("raw", "kind", "cut"),
    [
        ("A full sentence.", "generation", False),
        ("完整的句子。", "generation", False),
        ('He said "stop."', "generation", False),
        ("The attacker then mov", "generation", True),
        ("随后攻击者", "generation", True),
        ('{"a": "x"', "understanding", True),
        ('{"a": "x"}', "understanding", False),
        ("no json", "understanding", False),
        ("<think>and then", "mcq", True),
        ("B", "mcq", False),
        ("", "generation", False),
        (None, "generation", False),
    ],
)
def test_answers_that_look_cut_off(raw, kind, cut):
    assert read_answer(raw, kind).cut is cut
