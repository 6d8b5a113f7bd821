"""What a build would take, before anything is asked."""

import pytest
from llm.server import FakeOpenAI
from select_instruct.generate.asked_models import CHINESE, ENGLISH, section, text, with_code

from sevenllm_bench.select_instruct.corpus_records import Excerpt, document_of, record_of
from sevenllm_bench.select_instruct.generate.instruct_step import WriteRows
from sevenllm_bench.select_instruct.generate.planned_calls import estimate_calls
from sevenllm_bench.select_instruct.generate.select_step import SelectTasks
from sevenllm_bench.select_instruct.settings.build_config import CorpusConfig, SelectSection

TEXTS = [text(), text(CHINESE, "zh", "00000000000000bb")]


def config(url, **model):
    return CorpusConfig(sources=("reports",), output="out", model=section(url, **model))


def test_before_a_run_each_text_is_taken_to_get_the_most(tmp_path):
    planned = estimate_calls(TEXTS, config("http://127.0.0.1:9/v1", price="1/2"), str(tmp_path))
    assert (planned.texts, planned.excerpts, planned.rows, planned.calls, planned.cached) == (2, 2, 16, 18, 0)
    assert planned.tokens_out == 18 * 500
    assert planned.usd == pytest.approx((planned.tokens_in + 2 * planned.tokens_out) / 1e6)
    assert planned.tokens_in > 18 * 600  # a prompt has at least so many


def test_without_a_price_there_is_none(tmp_path):
    assert estimate_calls(TEXTS, config("http://127.0.0.1:9/v1"), str(tmp_path)).usd is None
    assert estimate_calls([], config("http://127.0.0.1:9/v1"), str(tmp_path)).calls == 0


def test_after_a_part_of_a_run_what_was_answered_counts_as_answered(tmp_path):
    def answer(body):
        one = [{"task": "Summary Generation", "thought": "t"}]
        if '"extraction"' in body["messages"][0]["content"]:
            return with_code(body, extraction=[], generation=one, mcq=[])
        return with_code(body, instruction="i", input=ENGLISH[:100], thought="t", answer="a")

    with FakeOpenAI(answer=answer) as server:
        settings = config(server.url)
        select = SelectTasks(settings.model, SelectSection(), str(tmp_path), tmp_path / "rejected")
        excerpts = list(select.run(iter([document_of(one) for one in TEXTS])))
        planned = estimate_calls(TEXTS, settings, str(tmp_path))
        assert (planned.rows, planned.calls, planned.cached) == (2, 2, 2)
        list(WriteRows(settings.model, str(tmp_path), tmp_path / "rejected", settings.seed).run(iter(excerpts[:1])))
        planned = estimate_calls(TEXTS, settings, str(tmp_path))
        assert (planned.rows, planned.calls, planned.cached, planned.tokens_out) == (2, 1, 3, 500)
        assert server.calls.total() == 3
    assert len({record_of(document, Excerpt).id for document in excerpts}) == 2
