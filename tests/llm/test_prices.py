import pytest

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.llm.client import ConnectionSettings
from sevenllm_bench.llm.pricing import Price, given_price


@pytest.fixture(autouse=True)
def _no_override(monkeypatch):
    monkeypatch.delenv("SEVENLLM_JUDGE_PRICE", raising=False)


def test_an_argument_beats_the_environment_and_nothing_else_is_known(monkeypatch):
    assert given_price() is None
    monkeypatch.setenv("SEVENLLM_JUDGE_PRICE", "1/2")
    assert given_price() == Price(1, 2)
    assert given_price(" 0.15 / .6") == Price(0.15, 0.6)
    assert given_price("0/0") == Price(0, 0)


@pytest.mark.parametrize("given", ["1", "1/2/3", "a/b", "-1/2", "nan/1", "inf/1", "1/", "1,5/2"])
def test_what_is_no_price_is_shown(given):
    with pytest.raises(ConfigError, match="IN/OUT") as caught:
        given_price(given)
    assert repr(given) in str(caught.value)


def test_cost_is_per_million_tokens():
    assert Price(2, 8).cost(500_000, 250_000) == pytest.approx(1 + 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": " "}, "no model"),
        ({"concurrency": 0}, "concurrency=0"),
        ({"max_attempts": 0}, "max_attempts=0"),
        ({"validation_retries": -1}, "validation_retries=-1"),
        ({"timeout_s": 0}, "timeout_s=0"),
        ({"timeout_s": float("nan")}, "timeout_s=nan"),
        ({"backoff_s": -1}, "backoff_s=-1"),
        ({"budget_usd": float("nan")}, "budget_usd=nan"),
    ],
)
def test_settings_out_of_range_are_named(change, words):
    with pytest.raises(ConfigError, match=words):
        ConnectionSettings(**{"model": "m", **change})


def test_key_and_address_come_from_the_environment(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", " sk-1\n")
    assert (ConnectionSettings("m").key, ConnectionSettings("m").endpoint, ConnectionSettings("m", api_key="own").key) == (
        "sk-1",
        None,
        "own",
    )
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ConfigError, match="set OPENAI_API_KEY, or OPENAI_BASE_URL"):
        _ = ConnectionSettings("m").key
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1")
    local = ConnectionSettings("m")
    assert (local.key, local.secret, local.endpoint) == ("none", "", "http://localhost:8000/v1")


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x/v1", "http://", "http://[", "/v1"])
def test_a_base_url_that_is_none_is_refused_unseen(url):
    with pytest.raises(ConfigError, match="no http"):
        _ = ConnectionSettings("m", base_url=url).endpoint


@pytest.mark.parametrize("key", ["two words", "ключ", "line\nbreak", "“quoted”"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key):
    with pytest.raises(ConfigError, match="check OPENAI_API_KEY") as caught:
        _ = ConnectionSettings("m", api_key=key).key
    assert key not in str(caught.value)
    assert key not in repr(ConnectionSettings("m", api_key=key))


def test_a_budget_needs_a_price():
    with pytest.raises(ConfigError, match="SEVENLLM_JUDGE_PRICE"):
        _ = ConnectionSettings("local", budget_usd=1).tariff
    assert ConnectionSettings("local", budget_usd=1, price="0/0").tariff == Price(0, 0)
