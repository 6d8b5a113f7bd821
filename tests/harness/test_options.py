import pytest

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.harness.options import read_options


def test_defaults_and_foreign_keys():
    options = read_options({"pretrained": "x", "version": "1-A"})
    assert (options.dataset, options.data_dir, options.allow_modified, options.prompt.name) == ("official", None, False, "alpaca")


@pytest.mark.parametrize(
    ("value", "flag"), [("true", True), (True, True), ("1", True), ("False", False), (0, False), (None, False)]
)
def test_flags(value, flag):
    assert read_options({"allow_modified": value}).allow_modified is flag


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"dataset": "embeded"}, "did you mean 'embedded'"),
        ({"dataset": "x"}, "Known: official, embedded"),
        ({"prompt": "alpacca"}, "did you mean 'alpaca'"),
        ({"allow_modified": "maybe"}, "must be true or false"),
    ],
)
def test_unknown_values_are_named(metadata, message):
    with pytest.raises(ConfigError, match=message):
        read_options(metadata)


@pytest.fixture
def no_environment(monkeypatch):
    monkeypatch.delenv("SEVENLLM_JUDGE", raising=False)
    monkeypatch.setenv("SEVENLLM_SEMANTIC_MODEL", "none")
    return monkeypatch


def test_a_judge_is_named_or_none(no_environment):
    assert read_options({}).judge is None
    assert read_options({"judge": ""}).judge is None
    judge = read_options({"judge": "gpt", "judge_budget_usd": "2.5", "judge_concurrency": "4"}).judge
    assert (judge.model, judge.budget_usd, judge.concurrency) == ("gpt", 2.5, 4)
    assert read_options({"judge": "gpt"}).judge.concurrency == 16
    no_environment.setenv("SEVENLLM_JUDGE", "from-environment")
    assert read_options({}).judge.model == "from-environment"
    assert read_options({"judge": "none"}).judge is None
    assert read_options({"judge": "None"}).judge is None


def test_how_a_judge_is_called(no_environment):
    judge = read_options(
        {
            "judge": "gpt",
            "judge_timeout": "9.5",
            "judge_attempts": 2,
            "judge_max_tokens": "900",
            "judge_extra_body": {"b": 1, "a": None},
        }
    ).judge
    assert (judge.timeout_s, judge.max_attempts, judge.max_tokens, judge.extra) == (9.5, 2, 900, {"a": None, "b": 1})
    assert read_options({"judge": "gpt", "judge_extra_body": '{"b": 1, "a": null}'}).judge.extra == judge.extra
    with pytest.raises(ConfigError, match="extra body of the judge must be a JSON object"):
        read_options({"judge": "gpt", "judge_extra_body": "top_k:1"})
    with pytest.raises(ConfigError, match="max_tokens=0"):
        read_options({"judge": "gpt", "judge_max_tokens": 0})


@pytest.mark.parametrize("wrong", [{"judge_budget_usd": "a lot"}, {"judge_concurrency": "1.5"}, {"judge_max_tokens": "x"}])
def test_a_judges_numbers_are_numbers(no_environment, wrong):
    with pytest.raises(ConfigError, match="judge_budget_usd and judge_concurrency must be numbers"):
        read_options({"judge": "gpt", **wrong})


def test_the_embedding_model(no_environment):
    assert read_options({}).embedding is None
    named = read_options({"semantic_model": "org/model@abc", "semantic_force": "yes"})
    assert (named.embedding.name, named.embedding.revision, named.semantic_force) == ("org/model", "abc", True)
    no_environment.setenv("SEVENLLM_SEMANTIC_MODEL", "org/other")
    assert read_options({}).embedding.name == "org/other"
    assert read_options({"semantic_model": "none"}).embedding is None
    with pytest.raises(ConfigError, match="semantic_force must be true or false"):
        read_options({"semantic_force": "maybe"})


def test_a_typo_is_said_once(caplog):
    for _ in range(2):
        read_options({"judge_buget_usd": 1, "max_length": 5})
    said = [record.getMessage() for record in caplog.records if "did you mean" in record.getMessage()]
    assert said == ["--metadata judge_buget_usd: not an option of SEvenLLM tasks, and ignored; did you mean judge_budget_usd?"]
