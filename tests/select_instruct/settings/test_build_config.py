"""The configuration of a corpus build: what is refused, in which words, and that the guide names every key."""

from pathlib import Path

import pytest

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.io.configuration import ConfigReader
from sevenllm_bench.select_instruct.settings import build_config_file
from sevenllm_bench.select_instruct.settings.build_config import CorpusConfig
from sevenllm_bench.select_instruct.settings.build_config_file import read_build_config, read_collect_config

GUIDE = (Path(__file__).parents[3] / "docs" / "corpus.md").read_text("utf-8")
MINIMAL = "sources: [reports]\noutput: corpus\nmodel: {name: m}\n"


def read(tmp_path, *changes, text=MINIMAL):
    path = tmp_path / "build.yaml"
    path.write_text(text, "utf-8")
    return read_build_config(path, changes)


def test_the_smallest_configuration(tmp_path):
    config = read(tmp_path)
    assert [source.location for source in config.sources] == ["reports"]
    assert (config.select.extraction, config.select.generation) == (4, 3), "as in the paper"


def test_sources_are_texts_or_mappings(tmp_path):
    config = read(tmp_path, "sources=[a, {location: b, licence: CC BY 4.0}]")
    assert [(source.location, source.licence) for source in config.sources] == [("a", ""), ("b", "CC BY 4.0")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("model.budget_usd=3", "model: budget_usd needs a price"),
        ("model.price=x/1", "model.price: 'x/1' is not IN/OUT"),
        ("model.price=1/-2", "model.price: '1/-2' is not IN/OUT"),
        ("model.price=1/inf", "model.price: '1/inf' is not IN/OUT"),
        ("model.buget_usd=3", "did you mean model.budget_usd?"),
        ("model.budget=3", "did you mean model.budget_usd?"),
        ("model.model_name=x", "did you mean model.name?"),
        ("collect.user_agent=x", "did you mean collect.contact?"),
        ("sources=[]", "sources"),
        ("sources=[{location: a, licens: x}]", "did you mean sources.0.licence?"),
        ("select.excerpt_characters=100000", "select.excerpt_characters"),
        ("quality.leak_guard=on", "quality.leak_guard"),
        ("executor.kind=cloud", "executor.kind"),
        ("critic={threshold: 4}", "critic.model is missing"),
        ("output=' '", "output: must not be empty"),
    ],
)
def test_what_is_refused(tmp_path, change, words):
    with pytest.raises(ConfigError) as refusal:
        read(tmp_path, change)
    assert words in str(refusal.value)


def test_keys_of_other_tools_lead_to_keys_that_exist():
    known = set(ConfigReader(CorpusConfig).key_names())
    assert set(build_config_file._ELSEWHERE) <= known
    names = [name for names in build_config_file._ELSEWHERE.values() for name in names]
    assert len(names) == len(set(names))
    assert not known & set(names), "a key of ours is never unknown"


def test_the_guide_names_every_key():
    sections = {key.partition(".")[0] for key in ConfigReader(CorpusConfig).key_names() if "." in key}
    keys = {key for key in ConfigReader(CorpusConfig).key_names() if key not in sections} - {"critic.model"}
    assert [key for key in sorted(keys) if f"| `{key}` |" not in GUIDE] == []


def test_the_words_of_corpus_collect():
    config = read_collect_config([{"location": "a", "licence": "x"}], "out", "me@example.org", ["collect.delay=2.5"])
    assert (config.sources[0].licence, config.collect.contact, config.collect.delay) == ("x", "me@example.org", 2.5)
    with pytest.raises(ConfigError, match="unknown key model"):
        read_collect_config([{"location": "a"}], "out", "", ["model.name=x"])
