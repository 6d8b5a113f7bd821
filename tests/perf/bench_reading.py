"""How long 1 MB of each hostile shape takes to read, beside plain text of the same length: reading is to stay linear.

    python tests/perf/bench_reading.py

Prints, for each shape, the slowest kind of row: seconds, and the ratio to plain text.
"""

import time

# ruff: noqa: E501  (shapes stand side by side)
from sevenllm_bench.answers.reading import read_answer

SIZE = 1_000_000
OPTIONS = {"A": "a phishing mail", "B": "an open port", "C": "a stolen token", "D": "a weak password"}
PLAIN = "The attacker sent a mail and waited for the reply of the victim. "
UNITS = (
    *'{}[]()<>"\'`\\,:;.#*_-| \n\t“”＂，：｛［',
    "{'", '{"a":', "{'a':", "{a:", "[{", "{“a”：", "{//", "{/*", "# \n", "//", "/*", "*/", "{\\\"", '{"a": "x"}', '{"a": "x"}\n', "{'a': 'x'}\n",
    "{'a': 'x', ", '[{"a": 1}, ', "```", "```json\n{'a'", "```{}\n", "NaN", "null,", "-1e9,", "\\u0000", '\\"',
    "<think>", "</think>", "<thinking>", "[THINK]", "[/THINK]", "◁think▷", "<思考>", "【思考】", "【答案】", "<|channel|>", "<|channel|>a<|message|>",
    "<|message|>", "<|", "|>", "<|im_end|>", "<|im_end|> ", "</s>", "<s> ", "analysis", "assistantfinal", "<unused94>", "Here is my response:\n",
    "### Input:", "### Response:", "### Response:\n", "### Thought:", "Below is an instruction that describes a task",
    "<answer>", "</answer>", "<answer>x</answer>", "<output> ", "<a>", "</a>", "<a></a>", "Assistant:", "assistant\n", "助手：",
    "A", "A ", "A, ", "A\n", "[x] A\n", "A ✅\n", "☐ A\n", "- [ ] A\n", "A. ❌ ", "The answer is A. ", "答案是", "答案选项为B", "not A ", "Final: ", "→ (",
    "final answer ", "is not ", "okay ", "let me ", "a phishing mail ", "\u0301", "Ａ", "\u202e", "\x00",
)  # fmt: skip


def seconds(text: str) -> float:
    """Of the slowest kind of row."""
    slowest = 0.0
    for kind in ("understanding", "generation", "mcq"):
        start = time.process_time()
        read_answer(text, kind, OPTIONS)
        slowest = max(slowest, time.process_time() - start)
    return slowest


def shapes() -> dict[str, str]:
    repeated = {repr(unit): (unit * (SIZE // len(unit) + 1))[:SIZE] for unit in UNITS}
    return repeated | {f"{unit!r} before a letter": "B " + (unit * (SIZE // len(unit) + 1))[:SIZE] for unit in UNITS}


def main() -> None:
    """Measure and print, the slowest first."""
    seconds(PLAIN)
    plain = seconds((PLAIN * (SIZE // len(PLAIN) + 1))[:SIZE])
    print(f"plain text: {plain:.3f} s for {SIZE:,} characters")
    found = sorted(((seconds(text), name) for name, text in shapes().items()), reverse=True)
    for taken, name in found[:15]:
        print(f"{taken:7.3f} s {taken / plain:8.1f} x plain  {name}")
    print(f"{len(found)} shapes, {sum(taken > 2 for taken, _ in found)} over 2 s")


if __name__ == "__main__":
    main()
