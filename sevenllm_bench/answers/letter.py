# ruff: noqa: E501  (a pattern is easier to read on one line than in pieces)
"""The option that an answer to a multiple-choice question chooses.

Readings are tried from the plainest to the weakest, and each gives one letter or none: an answer in JSON; nothing but a
letter; a statement that names the answer; a leading letter; a remark on one option; the text of one option. Every
repetition in a pattern is bounded, so that reading stays linear in the answer's length.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from sevenllm_bench.answers.final_text import final_text, last_tagged
from sevenllm_bench.answers.json_in_text import FENCE
from sevenllm_bench.answers.json_values import MAX_LITERAL, nesting, read_value
from sevenllm_bench.answers.ticks import ticked
from sevenllm_bench.text.near_json import MAX_DEPTH
from sevenllm_bench.text.unicode import nfkc

#: A letter that stands alone: not part of a word, a path, a file name, a hyphenated name, or a Chinese noun ("C语言").
_END = r"(?![A-Za-z0-9'’+#\\/]|[-.:][A-Za-z0-9\\/]|(?![因项选是正对而但吧和与或、都均最符])[\u4e00-\u9fff])"
_LETTER = rf"([A-D]|(?-i:[a-d])(?!\s+[a-z])){_END}"
_BRIDGE = r"[\s\"'“”‘’$<>\[\](){}（）【】「」《》:：=\-–—>|#,.…]{0,12}"
_LATEX = r"(?:\\[a-z]{2,8}\s?\{[\s(]{0,3}){0,3}"
_ADVERB = r"(?:\s{1,3}(?:likely|most|probably|clearly|indeed|definitely|certainly|therefore|thus|simply|just|option|choice|letter)){0,3}"
_BE = r"(?:\s{1,3}(?:is|was|are|be|to be|seems|has to|must|should|would|could|will)){1,3}"
_OF_TASK = r"(?:answer|ans|option|choice|one|response|letter|selection)"

#: Statements that name the answer. The last one counts. (These two patterns are compiled when first used, which takes a while.)
_STATED = (
    rf"\b(?:answer|ans|(?:correct|right|best|final|most likely) {_OF_TASK}){_BE}{_ADVERB}{_BRIDGE}{_LATEX}{_LETTER}"
    rf"|\b(?:answer|ans|(?<![-–—(:] )(?<![(（])correct|response|output|conclusion|(?:correct|right|best|final) {_OF_TASK})[ \t]{{0,3}}(?:[:：=\n(\-–—.]|=>){_BRIDGE}{_LATEX}{_LETTER}"
    rf"|(?:^|\n)[\s#]{{0,6}}(?:the )?answer\s{{1,3}}{_LETTER}"
    rf"|(?:答案|正确选项|正确的|(?:正确|合适|符合题意)的(?:选项)?|回答|结论|答|输出|解|我认为)(?:的?选项)?\s{{0,3}}(?:应当|应该|应)?(?:就|只能)?(?:是|为|选|即)?(?:选项)?{_BRIDGE}{_LATEX}{_LETTER}"
    rf"|(?:故|所以|因此|应该?|我|因而|综上，?)(?:应该?)?(?:的)?选(?:择)?(?:的?是)?{_BRIDGE}{_LETTER}"
    rf"|(?:^|[。，,;；\n])\s{{0,3}}(?:我会|我)?选(?:择)?\s?{_LETTER}"
    rf"|\\boxed\s?\{{[\s(]{{0,3}}{_LATEX}{_LETTER}"
    rf"|(?:\[[xX✓✔☑✅]\]|\([xX✓✔]\)|(?:^|\n)[\s*\-•]{{0,6}}[✓✔☑✅🗹])\s{{0,3}}{_LETTER}"
    rf"|(?:=>|->|⇒|→|∴)[\s(\"']{{0,4}}{_LETTER}"
    rf"|\bfinal(?: answer| choice)?\s{{0,3}}[:：]?\s{{0,3}}{_LETTER}(?=\s{{0,3}}(?:[.\n]|$))"
    rf"|\b(?:therefore|thus|hence|so|it'?s|it is|i'd say)[\s,]{{1,3}}{_LETTER}(?=\s{{0,3}}(?:[.,;!)]|$))"
    rf"|\bnot\s{{1,3}}[A-D],?\s{{1,3}}(?:but|it is|it's)\s{{1,3}}{_LETTER}"
    rf"|不是\s?[A-D][，,]?\s?而?是\s?{_LETTER}"
)
#: Remarks on one option, which count when they speak of one letter only.
_REMARK = (
    rf"\b(?:choose|select|pick|chose|selected|picked|go with|option|choice)(?:\s{{1,3}}(?:option|choice|is|was))?{_BRIDGE}{_LETTER}"
    rf"|(?:选项|选择|选){_BRIDGE}{_LETTER}"
    rf"|(?<![A-Za-z0-9]){_LETTER}\)?\s{{1,3}}(?:is|looks|seems)\s{{1,3}}(?:the\s|most\s|likely\s){{0,3}}(?:correct|right|best|answer|accurate)"
    rf"|(?<![A-Za-z0-9]){_LETTER}\)?\s{{1,3}}(?:best\b|fits\b|makes (?:the )?most sense|is my|is the (?:only|one)|is supported|is more likely"
    rf"|(?:would|should) be|appears to be)"
    rf"|\b(?:I think|I believe|letter)\s{{1,3}}{_LETTER}"
    rf"|(?<![A-Za-z0-9]){_LETTER}\s{{0,3}}[✓✔✅]"
    rf"|(?<![A-Za-z0-9]){_LETTER}\s{{0,3}}(?:选项|项)?(?:是|为|最|更)?(?:正确|对(?![于比应])|合适|符合|准确)"
    rf"|(?<![A-Za-z0-9]){_LETTER}[.:)]\s{{0,3}}(?:correct|yes|right|true|正确|对)(?![A-Za-z])"
)
_NEGATED_BEFORE = re.compile(
    r"(?:n't|\b(?:not|never|over|than|instead of|rather than|except|eliminate|exclude|without|if you)\b|不(?:能|应该?|应当|该|可以?|会|宜|建议)?|非|排除|而非)"
    r"(?:\s{0,3}(?:choose|select|pick|option|choice|be|选项?|是|为)){0,2}[\s\"'(]{0,4}$",
    re.IGNORECASE,
)
_NEGATED_AFTER = re.compile(
    r"[)\]\"'.:]{0,2}\s{0,3}(?:(?:(?:is|was|are|does|do|did|can|could|seems|looks|would)\s{0,3})?(?:n't|not\b(?!\s(?-i:[A-D]|all)\b)|(?:incorrect|wrong|false)(?!\s(?:answers?|options?|choices?)\b)|no\b(?!\s(?:other|need|doubt))|irrelevant"
    r"|unsupported|unlikely)|(?:选?项)?\s?[是也则]?\s?(?:不|错|有误|未|无关|没有|次之))",
    re.IGNORECASE,
)
#: More letters after a letter, as in "A, C and D"; not where they are the subject of what follows ("B; A and C are wrong").
_MORE_LETTERS = re.compile(
    r"(?:[)\]}.]?\s{0,3}(?:[,，、;；/&+]|\band\b|\bor\b|和|或|及|与|\n)\s{0,3}(?:and\s|or\s)?[(\[]?[A-D](?![A-Za-z0-9'’]))++"
    r"(?!\s{0,3}(?:项|选项)?(?:都|均|不|错|对|有|是|在|也|is\b|are\b|was\b|were\b|can\b|do\b|does\b|has\b|have\b|all\b|both\b|would\b|[a-z]))"
)
_LEADING = re.compile(
    r"[\W_]{0,12}([A-D]|[a-d](?=[.)]))(?:[.)\]](?![A-Za-z0-9])|[、，。,;}]|\s{0,3}[(]|:(?![\\/])|\s{1,3}[-–—]\s|\s{0,3}[–—]|(?:选项|项|是|对|正确)|\s{0,3}\n|\s{1,3}because\b|\s{1,3}since\b|因为|\s*$)"
)
_LISTED = re.compile(r"(?:^|\n)[\s*#>\-•(]{0,6}([A-D])(?:[.):、]|\s[-–—]\s)")
_NOISE = re.compile(r"<\|[^|<>]{1,30}\|>|</?[A-Za-z_]{1,20}>|\[/?INST\]|[*_`]+")
#: What names the wrong option where the right one is named too.
_OF_WRONG = re.compile(
    r"(?:\b(?:wrong|incorrect|false|least (?:likely|suitable)|second[ -]best|next[ -]best)\s{1,3}|错误|不正确|不对)的?$",
    re.IGNORECASE,
)
#: An answer may change its mind; one that states three letters or more as the answer goes through the options,
#: unless the last one concludes.
_MOST_STATED = 2
_CONCLUDES = re.compile(
    r"\b(?:final|therefore|thus|hence|so|overall|conclusion)\b|综上|因此|所以|故|最终|总之|boxed", re.IGNORECASE
)
#: What takes an answer back at once: "A, wait, no", "A? No", "A，不，B".
_TAKEN_BACK = re.compile(
    r"[\s\"'*).,;:!?，。；：！？…—-]{0,6}(?:(?:oh|hmm+|but)[\s,]{1,3})?"
    r"(?:wait\b|hold on\b|(?<=[,?]\s)no\b(?!\s(?:other|need|doubt))|等等|(?<=[,?])不(?:对)?[，。,！])",
    re.IGNORECASE,
)
_QUOTED_LETTER = re.compile(r"[\"'“‘「『]([A-Da-d])[\"'”’」』]")
_NEGATION = re.compile(r"\b\w{2,6}n t\b|\b(?:not|no|never|without|neither|nor)\b|n't|n’t|没有|不是|并非|未|无", re.IGNORECASE)
_ANSWER_KEYS = (
    "answer",
    "correct_answer",
    "final_answer",
    "correct_option",
    "choice",
    "option",
    "letter",
    "答案",
    "选项",
    "正确答案",
)
#: A role's name before the answer.
_ROLE = re.compile(r"^(?:ai|bot|gpt|model)\s?:\s*", re.IGNORECASE)
#: Statements that are looked at, the last ones: more are a text made to be slow.
_MOST_STATEMENTS = 1_000
#: Levels of objects and lists in a JSON answer that are opened.
_DEEPEST_ANSWER = 4
_JSON_ANSWER = re.compile(
    r"[\"'](?:answer|correct ?answer|final ?answer|correct ?option|choice|option|答案|选项|正确答案)[\"']\s{0,3}:\s{0,3}[\"']?([A-D])(?![A-Za-z0-9])",
    re.IGNORECASE,
)


def read_letter(raw: Any, choices: Mapping[str, str] | None = None, text: str | None = None) -> str | None:
    """The one option that an MCQ answer chooses, or None when no single one can be told.

    Full-width and lower-case letters count; an "A" that is an article, or a letter inside a word, does not. An option
    that is only named to be turned down ("option C is wrong", "不选B") is not chosen.

    Args:
        raw: The model's text, or a JSON value parsed already.
        choices: The options' texts by letter.
        text: The answer's final text, where it is known already.

    Returns:
        "A", "B", "C", "D" or None.
    """
    text = final_text(raw) if text is None else text
    text = _ROLE.sub("", nfkc(last_tagged(text) or text).strip())
    options = {letter: _fold(option) for letter, option in (choices or {}).items()}
    return _letter_in(text, options) if text else None


def _letter_in(text: str, options: Mapping[str, str]) -> str | None:
    inner = _answer_in_json(text)
    text = _QUOTED_LETTER.sub(r"\1", _NOISE.sub("", text if inner is None else inner)).strip()
    text = re.sub(r"^\d{1,2}[.)]\s", "", text)
    bare = re.fullmatch(rf"[\W_]*{_LATEX}([A-Da-d])(?![+#])[\W_]*", text)
    if bare:
        return bare.group(1).upper()
    exact = [letter for letter, option in options.items() if option == _fold(text)]
    if len(exact) == 1:
        return exact[0]
    in_json = _JSON_ANSWER.search(text)
    if in_json:
        return in_json.group(1).upper()
    ticks = ticked(text)
    if ticks:
        return ticks[0] if len(ticks) == 1 else None
    statements = deque(re.finditer(_STATED, text, re.IGNORECASE), maxlen=_MOST_STATEMENTS)
    stated = [match for match in statements if _is_meant(match, text, options)]
    if stated:
        named = [match for match in stated if not _names_wrong_one(match, text)] or stated
        last = named[-1]
        concludes = _CONCLUDES.search(text, max(0, last.start() - 30), last.end())
        if len({_group(match) for match in named}) > _MOST_STATED and not concludes:
            return None
        return None if _MORE_LETTERS.match(text, last.end()) or _TAKEN_BACK.match(text, last.end()) else _group(last)
    return _leading(text, options) or _remarked(text, options) or _by_option_text(text, options)


def _names_wrong_one(match: re.Match[str], text: str) -> bool:
    start = match.start()
    return _OF_WRONG.search(text[max(0, start - 30) : start]) is not None


def _leading(text: str, options: Mapping[str, str]) -> str | None:
    """The letter that the answer begins with, unless it begins a list of options or is turned down at once."""
    match = _LEADING.match(text)
    if not match:
        spaced = re.match(r"[\W_]{0,12}([A-D])\s", text)
        named = options.get(spaced.group(1), "") if spaced else ""
        return str(spaced.group(1)) if spaced and named and _fold(text[spaced.end() :]).startswith(named) else None
    letter, rest = match.group(1).upper(), text[match.end(1) :]
    if _is_of_list(letter, text) or _MORE_LETTERS.match(text, match.end(1)) or _TAKEN_BACK.match(text, match.end(1)):
        return None
    if rest.startswith("、") or _NEGATED_AFTER.match(rest) or re.match(r"\s{0,3}\n\s{0,3}[A-D]\b", rest):
        return None
    if letter == "A" and rest.startswith(":"):  # perhaps the A of "Q: … A: …"
        return _letter_after_prefix(rest[1:], options) or letter
    return letter


def _is_of_list(letter: str, text: str) -> bool:
    """Whether the letter at the start only begins a list of options; not where a list follows that explains the choice."""
    listed = {found.group(1) for found in _LISTED.finditer(text)}
    if len(listed) < 2:
        return False
    first, _, rest = text.partition("\n\n")
    bare = re.fullmatch(r"[\W_]{0,9}[A-D][\W_]{0,9}", first) is not None
    explained = "\n" not in first and (bare or letter > min(listed))
    return not explained or re.search(r"^[\W_]{0,9}[A-D][\W_]{0,9}$", rest, re.MULTILINE) is not None


def _letter_after_prefix(rest: str, options: Mapping[str, str]) -> str | None:
    bare = re.fullmatch(r"[\W_]*([A-Da-d])[\W_]*", rest)
    return bare.group(1).upper() if bare else _by_option_text(rest, options)


def _remarked(text: str, options: Mapping[str, str]) -> str | None:
    """The only letter that some remark speaks for."""
    remarks = deque(re.finditer(_REMARK, text, re.IGNORECASE), maxlen=_MOST_STATEMENTS)
    letters = {_group(match) for match in remarks if _is_meant(match, text, options)}
    if len(letters) != 1:
        return None
    letter = letters.pop()
    of_letter = (match for match in remarks if _group(match) == letter)
    ends = [match.end(match.lastindex or 0) for match in of_letter]
    return None if any(_MORE_LETTERS.match(text, end) or _TAKEN_BACK.match(text, end) for end in ends) else letter


def _by_option_text(text: str, options: Mapping[str, str]) -> str | None:
    """The letter of the only option whose text occurs in `text`; one inside a longer one, or denied, doesn't count."""
    folded = _fold(text)
    padded = f" {folded} "
    present = {
        letter: option
        for letter, option in options.items()
        if len(option) > 1 and (f" {option} " in padded if option.isascii() else option in folded)
    }
    longest = [
        letter
        for letter, option in present.items()
        if not any(option in other for key, other in present.items() if key != letter)
    ]
    if len(longest) != 1:
        return None
    before = folded[: folded.find(present[longest[0]])][-200:]
    return None if _NEGATION.search(before) else longest[0]


def _is_meant(match: re.Match[str], text: str, options: Mapping[str, str]) -> bool:
    """Whether the letter of a match is chosen: not turned down, and no article as in "the answer is a phishing mail"."""
    start, end = match.span(match.lastindex or 0)
    after = text[end : end + 300]
    if _NEGATED_AFTER.match(after) or _NEGATED_BEFORE.search(text[max(0, start - 40) : start]):
        return False
    if text[start:end] not in ("A", "a"):
        return True
    article = re.match(r"\s+[^\W\d_]", after)
    if not article or re.match(r"\s+(?:because|since|as|for|due|is|looks|seems|[-–—])\b", after, re.IGNORECASE):
        return True
    option = options.get("A", "")
    return bool(option) and _fold(after).startswith(option[:200])


def _group(match: re.Match[str]) -> str:
    return str(match.group(match.lastindex or 0)).upper()


def _fold(text: str) -> str:
    """Letters, digits, + and # of `text` in lower case, all else one space: options are compared in this form."""
    return " ".join(re.sub(r"[^\w+#]+|_+", " ", nfkc(text).casefold()).split())


def _answer_in_json(text: str) -> str | None:
    """The answer that a JSON answer holds, as text; None when the text is no JSON, or doesn't say which value it is."""
    if not re.search(r"[{\[\"]", text) or len(text) > MAX_LITERAL or nesting(text) > MAX_DEPTH:
        return None
    whole = _answer_of(text)
    if whole is not None:
        return whole
    fenced = [answer for match in FENCE.finditer(text) if (answer := _answer_of(match.group(1).strip())) is not None]
    given = set(filter(None, fenced))
    return None if not fenced else given.pop() if len(given) == 1 else ""


def _answer_of(text: str) -> str | None:
    try:
        value = read_value(text).value if text else None
    except ValueError:
        return None
    return None if value is None else _text_of(_answer_value(value))


def _answer_value(value: Any) -> Any:
    """The value that answers, within objects of an answer's key or of one key, and lists of one item."""
    for level in range(_DEEPEST_ANSWER):
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        elif isinstance(value, dict):
            folded = {str(key).casefold().replace(" ", "_"): item for key, item in value.items()}
            named = _first(folded[key] for key in _ANSWER_KEYS if folded.get(key) not in (None, ""))
            if named is None and len(value) != 1:
                true = [key for key, item in value.items() if item is True]  # {"A": false, "B": true, …}
                return true[0] if len(true) == 1 else None
            only = next(iter(value))
            if named is None and level and re.fullmatch("[A-D]", str(only)):  # {"answer": {"B": "the option's text"}}
                return only
            value = value[only] if named is None else named
        else:
            break
    return value


def _first(values: Iterable[Any]) -> Any:
    return next(iter(values), None)


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""
