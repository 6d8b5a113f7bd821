import json
import logging

import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.registry import get_model

from sevenllm_bench.errors import ConfigError, PredictionsError
from sevenllm_bench.harness.replay import ReplayLM


@pytest.fixture
def predictions(tmp_path):
    file = tmp_path / "p.jsonl"
    file.write_text(
        "\n".join(
            json.dumps(record) for record in ({"id": 1, "output": {"a": "é"}}, {"id": 2, "output": "x"}, {"id": 9, "output": "y"})
        )
    )
    return file


def requests(*ids):
    return [Instance("generate_until", {"id": row_id}, ("prompt", {}), 0, ("task", 0, 1)) for row_id in ids]


def test_answers_by_id_and_reports_coverage(predictions, caplog):
    model = get_model("sevenllm-replay")(predictions=str(predictions), batch_size=1)
    with caplog.at_level(logging.INFO):
        assert model.generate_until(requests(1, 2, 3)) == ['{"a": "é"}', "x", ""]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ["Replay: missing, scored 0: 1 (3)"]
    assert model.get_model_info()["replay"]["coverage"] == {"rows": 3, "missing": [3], "duplicates": [], "not_asked_for": 1}


@pytest.mark.parametrize("arguments", [{}, {"predictions": ""}, {"predictions": "x", "prediction": "y"}])
def test_wrong_arguments(arguments):
    with pytest.raises(ConfigError, match="--model_args predictions=FILE"):
        ReplayLM(**arguments)


def test_a_missing_file():
    with pytest.raises(PredictionsError, match="no such file"):
        ReplayLM(predictions="/nowhere/p.jsonl")


def test_it_has_no_log_likelihoods(predictions):
    with pytest.raises(ConfigError, match="no log-likelihoods"):
        ReplayLM(predictions=str(predictions)).loglikelihood([])


def test_chat_turns_are_joined(predictions):
    assert (
        ReplayLM(predictions=str(predictions)).apply_chat_template(
            [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
        )
        == "a\n\nb"
    )
