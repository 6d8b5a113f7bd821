"""Names that can be told apart by looking at them."""

import pytest

from sevenllm_bench.text.visible_names import appearance, why_no_name


@pytest.mark.parametrize(
    "other",
    [
        "caf\u00e9\ufe0f",
        "cafe\u0301",
        "ca\u200bf\u00e9",
        "ca\u200df\u00e9",
        "\u2800caf\u00e9",
        " caf\u00e9 ",
        "\uff43af\u00e9",
        "c\u034fafé",
    ],
)
def test_what_looks_alike_has_one_appearance(other):
    assert appearance(other) == appearance("caf\u00e9") == "caf\u00e9"


@pytest.mark.parametrize("other", ["Café", "cafe", "café 2", "caf-é", "咖啡"])
def test_what_differs_to_the_eye_has_another(other):
    assert appearance(other) != appearance("café")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("org/model", ""),
        ("模型 7B", ""),
        ("a\u2800b", "U+2800 can't be seen"),
        ("a\u202eb", "U+202E can't be seen"),
        ("\ufe0f", "nothing of it can be seen"),
        ("\u200d\u200d", "nothing of it can be seen"),
        ("\u3000", "nothing of it can be seen"),
    ],
)
def test_a_name_is_seen(name, why):
    assert why_no_name(name) == why


def test_long_names_take_no_long_time():
    assert len(appearance("a" + "\u0301" * 1_000_000)) < 100
