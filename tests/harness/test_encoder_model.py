import json
import math
import pickle

import pytest
from encoders.tiny_encoders import make_bi_encoder, make_cross_encoder, make_encoder, make_text_classifier
from harness_tools import evaluate, figures
from lm_eval.api.instance import Instance
from lm_eval.api.registry import get_model
from sentence_transformers import CrossEncoder, SentenceTransformer

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.harness.encoder_model import EncoderLM
from sevenllm_bench.harness.encoder_score import EncoderScore

TASK = "sevenllm-en-mcq-logprob"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoders")
    return {
        "bi-encoder": str(make_bi_encoder(folder / "bi")),
        "cross-encoder": str(make_cross_encoder(folder / "cross")),
        "masked-lm": str(make_encoder(folder / "mlm")),
        "text-classifier": str(make_text_classifier(folder / "classes")),
    }


def requests(*pairs):
    return [Instance("loglikelihood", {}, pair, number, ("task", number, 1)) for number, pair in enumerate(pairs)]


@pytest.mark.parametrize("kind", ["bi-encoder", "cross-encoder", "masked-lm"])
def test_a_real_task(folders, kind):
    model = get_model("sevenllm-encoder").create_from_arg_string(f"pretrained={folders[kind]},device=cpu", {"batch_size": 1})
    results = evaluate(model, TASK, limit=3, log_samples=True)
    assert 0 <= figures(results, TASK)["acc"] <= 1
    responses = [response[0] for sample in results["samples"][TASK] for response in sample["resps"]]
    assert len(responses) == 12
    assert all(isinstance(score, EncoderScore) == (kind != "masked-lm") and not greedy for score, greedy in responses)
    assert json.loads(json.dumps(responses)) == [[float(score), False] for score, _ in responses]
    info = results["config"]
    assert info["model_num_parameters"] > 10_000
    assert info["model_dtype"] == "torch.float32"
    assert (info["model_sha"], info["model_revision"]) == ("", "main")
    assert info["encoder"]["kind"] == kind
    assert info["encoder"]["long_texts"] == "max"
    assert info["encoder"]["cost"]["texts"] > 0


def test_scores_are_those_of_sentence_transformers(folders):
    pairs = [("Who paid?", " The wholesaler."), ("Who paid?", " Nobody."), ("谁", "批发商")]
    stripped = [(context, continuation.strip()) for context, continuation in pairs]
    bi = EncoderLM(pretrained=folders["bi-encoder"], device="cpu")
    library = SentenceTransformer(folders["bi-encoder"], device="cpu")
    sides = [library.encode([pair[side] for pair in stripped], normalize_embeddings=True) for side in (0, 1)]
    assert [score for score, _ in bi.loglikelihood(requests(*pairs))] == pytest.approx((sides[0] * sides[1]).sum(1), abs=1e-5)
    cross = EncoderLM(pretrained=folders["cross-encoder"], device="cpu")
    wanted = CrossEncoder(folders["cross-encoder"], device="cpu").predict(stripped)
    assert [score for score, _ in cross.loglikelihood(requests(*pairs))] == pytest.approx(wanted, abs=1e-6)


def test_each_distinct_text_is_read_once_over_all_requests(folders):
    model = EncoderLM(pretrained=folders["bi-encoder"], device="cpu")
    found = model.loglikelihood(requests(*[(f"q{number % 3}", f" a{number % 2}") for number in range(24)]))
    assert model.get_model_info()["encoder"]["cost"]["texts"] == 5
    assert found[0] == found[6]


@pytest.mark.parametrize("kind", ["bi-encoder", "cross-encoder", "masked-lm"])
def test_odd_requests(folders, kind):
    model = EncoderLM(pretrained=folders[kind], device="cpu")
    assert model.loglikelihood([]) == []
    found = model.loglikelihood(requests(("", ""), ("a", ""), ("", " a"), ("\0\ud800", " 中文"), ("a " * 600, " b" * 300)))
    assert all(math.isfinite(score) for score, _ in found)
    assert model.get_model_info()["encoder"]["cost"]["long_texts"] > 0


def test_what_encoders_cannot_do_is_refused_before_anything_is_loaded(folders, monkeypatch):
    model = EncoderLM(pretrained=folders["bi-encoder"], device="cpu")
    monkeypatch.setattr(EncoderLM, "_loaded", lambda self: pytest.fail("loaded"))
    with pytest.raises(ConfigError, match="an encoder writes no text"):
        model.generate_until(requests(("a", {"until": []})))
    with pytest.raises(ConfigError, match="no perplexity"):
        model.loglikelihood_rolling([])
    with pytest.raises(ConfigError, match="an encoder writes no text"):
        evaluate(model, "sevenllm_en_malware_feature_extraction", limit=1)
    assert model.get_model_info()["encoder"] == {"kind": "bi-encoder"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "it takes --model_args pretrained="),
        ({"pretrained": ""}, "it takes --model_args pretrained="),
        ({"max_length": 3}, "unknown model argument max_length"),
        ({"kind": "decoder"}, "unknown kind of encoder 'decoder'"),
        ({"long_texts": "middle"}, "treatment of long texts"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": "many"}, "no whole number"),
        ({"device": "cuda:99"}, "no such device"),
        ({"pretrained": "text-classifier"}, "is a text-classifier; a bi-encoder, cross-encoder or masked-lm is needed"),
        ({"pretrained": "/nowhere/at/all"}, "no such folder"),
    ],
)
def test_wrong_arguments(folders, arguments, message):
    if arguments.get("pretrained") in folders:
        arguments = {"pretrained": folders[arguments["pretrained"]]}
    base = {"pretrained": folders["bi-encoder"]} if arguments else {}
    with pytest.raises(ConfigError, match=message):
        EncoderLM(**{**base, **arguments})


def test_arguments_as_lm_eval_gives_them(folders):
    """Its defaults, batch size 1 and cuda:0, are not what a user asked for; a batch size beside --model_args is."""
    folder = folders["bi-encoder"]
    asked = {"batch_size": 1, "max_batch_size": None, "device": "cuda:0"}
    assert EncoderLM.create_from_arg_obj({"pretrained": folder, "device": "cpu"}, asked)._choice.batch_size == 32
    assert EncoderLM.create_from_arg_obj({"pretrained": folder, "batch_size": 1}, asked)._choice.batch_size == 1
    assert EncoderLM.create_from_arg_obj({"pretrained": folder}, {"batch_size": "8"})._choice.batch_size == 8
    assert EncoderLM.create_from_arg_obj({"pretrained": folder}, {"batch_size": "auto:4"})._choice.batch_size == 32
    long_texts = EncoderLM.create_from_arg_string(f"pretrained={folder},long_texts=mean,kind=bi-encoder")._choice
    assert (long_texts.long_texts, long_texts.kind) == ("mean", "bi-encoder")


def test_a_score_is_a_number_that_says_what_it_is():
    score = pickle.loads(pickle.dumps(EncoderScore(0.25)))
    assert isinstance(score, EncoderScore)
    assert score == 0.25


def test_chat_turns_are_joined(folders):
    model = EncoderLM(pretrained=folders["bi-encoder"], device="cpu")
    assert model.apply_chat_template([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]) == "a\n\nb"
