"""What a file says of models: JSON is read as JSON, YAML as YAML, and each mistake is named."""

import json

import pytest

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.pages.leaderboard.entry import Facts
from sevenllm_bench.pages.leaderboard.model_metadata import read_facts

pytestmark = pytest.mark.usefixtures("own_cache")

CONTENT = {"Org/Model": {"parameters": 7.5, "licence": "MIT", "languages": ["en", "zh"], "tuning": "base"}}
FACTS = {"org/model": Facts(parameters=7.5, licence="MIT", languages=("en", "zh"), tuning="base")}


@pytest.mark.parametrize("name", ["models.json", "models.JSON", "models.yaml", "models"])
def test_json_and_yaml_say_the_same(name, tmp_path):
    (tmp_path / name).write_text(json.dumps(CONTENT), encoding="utf-8")
    assert read_facts(tmp_path / name) == FACTS


def test_json_is_not_read_as_yaml(tmp_path):
    """Tabs, an exponent without a sign, a pair of escapes for one character: errors or other values in YAML."""
    text = '{\n\t"Org/Model": {\n\t\t"parameters": 75e-1,\n\t\t"licence": "MIT",\t"languages": ["en", "zh"], "tuning": "base"}}'
    (tmp_path / "models.json").write_text("\ufeff" + text, encoding="utf-8")
    assert read_facts(tmp_path / "models.json") == FACTS
    (tmp_path / "more.json").write_text('{"\\ud83d\\ude42": {"licence": "no"}}')
    assert read_facts(tmp_path / "more.json") == {"🙂": Facts(licence="no")}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", '{"m": {"licence": "MIT"},}', "broken JSON (Expecting property name enclosed in double quotes: line 1 column"),
        ("a.json", "m: {licence: MIT}", "broken JSON (Expecting value: line 1 column 1 (char 0))"),
        ("a.json", '{"m": {"licence": "MIT"}, "m": {}}', "broken JSON (the key 'm' comes twice)"),
        ("a.json", "[" * 100_000, "broken JSON (maximum recursion depth exceeded"),
        ("a.yaml", "m: {licence: MIT", "broken YAML ("),
        ("a.json", "[1]", "an object from model names to facts was expected"),
        (
            "a.json",
            '{"Org/M": {}, "org/m": {}}',
            "a name that differs from this one only in capitals, or looks like it, is there",
        ),
        ("a.json", '{"caf\\u00e9": {}, "cafe\\u0301": {}}', "or looks like it, is there too"),
        ("a.json", '{"m": {"licence": {"name": "MIT"}}}', "licence must be a text such as apache-2.0, found {'name': 'MIT'}"),
        ("a.yaml", "m: {licence: [MIT]}", "licence must be a text such as apache-2.0, found ['MIT']"),
        ("a.json", '{"m": {"parameters": NaN}}', "parameters must be a number of billions, found nan"),
    ],
)
def test_a_mistake_is_named_in_the_words_of_its_format(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_facts(tmp_path / name)
    assert str(caught.value).startswith(f"--models {tmp_path / name}: ")
    assert message in str(caught.value)
