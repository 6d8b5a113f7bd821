"""Messages stay readable whatever they quote."""

from contextlib import suppress

import pytest

from sevenllm_bench.cli.main import main
from sevenllm_bench.errors import bounded
from sevenllm_bench.runs.untrusted import unique_keys


def test_a_long_message_keeps_its_beginning_and_its_end():
    assert bounded("short\nand two lines") == "short\nand two lines"
    word = bounded(f"--label {'x' * 5_000}: what to do")
    assert word.startswith("--label xxx")
    assert word.endswith(": what to do")
    assert len(word) < 400
    whole = bounded(f"first {'a b ' * 1_000_000} last")
    assert whole.startswith("first a b")
    assert whole.endswith(" last")
    assert len(whole) <= 6_000


@pytest.mark.parametrize(
    "words", [["report", "none", "-o", "x", "--label", "y" * 50_000], ["compare", "none", "--seed", "9" * 50_000]]
)
def test_no_option_makes_a_message_endless(words, capsys):
    with suppress(SystemExit):  # of argparse
        main(words)
    assert 0 < len(capsys.readouterr().err) < 8_000


def test_a_repeated_key_has_no_value():
    with pytest.raises(ValueError, match="a key stands twice"):
        unique_keys([("acc", 1.0), ("acc", 0.0)])
    assert unique_keys([("acc", 1.0), ("answered", 0.0)]) == {"acc": 1.0, "answered": 0.0}
