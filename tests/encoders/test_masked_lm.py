import itertools
import math

import pytest
import torch
from encoders.tiny_encoders import make_encoder
from transformers import (
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    RobertaConfig,
    RobertaForMaskedLM,
    pipeline,
)

from sevenllm_bench.encoders.encoder_choice import EncoderChoice
from sevenllm_bench.encoders.masked_lm import MaskedLanguageModel, TermAnswer

TEXTS = ["A clerk opened a link.", "攻击者使用了恶意软件", "مرحبا", "x", "The kit kept the session cookie of 192.0.2[.]77."]
LONG = "Behind it ran GlassTurnstile, a rented phishing kit. " * 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(make_encoder(tmp_path_factory.mktemp("mlm")))


@pytest.fixture(scope="module")
def library(folder):
    return AutoModelForMaskedLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)


def model_of(folder, **options):
    return MaskedLanguageModel(EncoderChoice(folder, device="cpu", **options))


def log_probabilities(library, ids, masked):
    """At the masked places of one copy, read alone."""
    model, tokenizer = library
    whole = torch.tensor([[tokenizer.cls_token_id, *ids, tokenizer.sep_token_id]])
    whole[0, [place + 1 for place in masked]] = tokenizer.mask_token_id
    with torch.no_grad():
        logits = model(input_ids=whole, attention_mask=torch.ones_like(whole)).logits[0]
    return torch.log_softmax(logits[[place + 1 for place in masked]].double(), -1)


def tokens_of(library, text):
    return library[1](text, add_special_tokens=False, truncation=False)["input_ids"]


def one_at_a_time(library, ids, places=None):
    places = range(len(ids)) if places is None else places
    return sum(log_probabilities(library, ids, [place])[0, ids[place]].item() for place in places)


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_pseudo_log_likelihoods_equal_one_mask_at_a_time(folder, library, batch_size):
    found = model_of(folder, batch_size=batch_size).pseudo_log_likelihoods(TEXTS)
    assert found == pytest.approx([one_at_a_time(library, tokens_of(library, text)) for text in TEXTS], abs=1e-4)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_other_architectures(folder, library, tmp_path, family):
    _, tokenizer = library
    sizes = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "pad_token_id": tokenizer.pad_token_id,
    }
    torch.manual_seed(1)
    if family == "bert":
        model = BertForMaskedLM(BertConfig(max_position_embeddings=128, **sizes))
    else:
        model = RobertaForMaskedLM(RobertaConfig(max_position_embeddings=130, type_vocab_size=1, **sizes))
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    found = model_of(str(tmp_path))
    assert found._reader._sparse, "the head reads the masked places alone"
    wanted = [one_at_a_time((model.eval(), tokenizer), tokens_of(library, text)) for text in TEXTS[:3]]
    assert found.pseudo_log_likelihoods(TEXTS[:3]) == pytest.approx(wanted, abs=1e-4)


def test_a_head_that_needs_all_places(folder, library, monkeypatch):
    model = model_of(folder)
    model._reader._sparse = False
    assert model.pseudo_log_likelihoods(TEXTS[:2]) == pytest.approx(
        [one_at_a_time(library, tokens_of(library, text)) for text in TEXTS[:2]], abs=1e-4
    )


def test_a_single_token_equals_fill_mask(folder, library):
    """The rank of a term of one token is its place among what the pipeline of transformers fills in."""
    text = "The kit kept the session cookie."
    _, tokenizer = library
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    start, end = encoded["offset_mapping"][4]
    filler = pipeline("fill-mask", model=folder, top_k=10, device="cpu")
    ids = [*encoded["input_ids"]]
    token, ids[4] = ids[4], tokenizer.mask_token_id
    filled = filler(tokenizer.decode(ids, clean_up_tokenization_spaces=False))
    assert tokens_of(library, tokenizer.decode(ids)) == ids, "the pipeline reads the same tokens"
    best = [candidate["token"] for candidate in filled]
    (answer,) = model_of(folder).term_answers([(text, start, end)])
    assert answer.tokens == 1
    assert answer.rank == (best.index(token) + 1 if token in best else None)
    for place, candidate in enumerate(filled):
        scores = log_probabilities(library, [*ids[:4], candidate["token"], *ids[5:]], [4])[0]
        assert scores[candidate["token"]].item() == pytest.approx(math.log(candidate["score"]), abs=1e-4)
        assert place + 1 == 1 + int((scores > scores[candidate["token"]]).sum())


def test_terms_equal_a_plain_loop(tmp_path):
    """Joint ranks over all sequences, with a vocabulary small enough to list them."""
    folder = str(make_encoder(tmp_path / "small", seed=3))
    library = AutoModelForMaskedLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    model = model_of(folder)
    text = "A clerk opened the link."
    encoded = library[1](text, add_special_tokens=False, return_offsets_mapping=True)
    ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
    for first, last in ((0, 1), (1, 2), (2, 4), (1, 3)):
        (answer,) = model.term_answers([(text, offsets[first][0], offsets[last - 1][1])])
        scores = log_probabilities(library, ids, range(first, last))
        own = sum(scores[place, ids[first + place]].item() for place in range(last - first))
        if last - first == 1:
            larger = int((scores[0] > own).sum())
        else:
            larger = int((scores[0][:, None] + scores[1][None, :] > own + 1e-9).sum())
        assert answer.rank == (larger + 1 if larger < 10 else None)
        assert answer.tokens == last - first
        assert answer.pseudo_log_likelihood == pytest.approx(one_at_a_time(library, ids, range(first, last)), abs=1e-4)


def test_the_best_two_tokens_have_ranks_1_to_10(folder, library):
    """Terms made of the model's own best candidates: their ranks are the order of their joint scores."""
    model, ids = model_of(folder), tokens_of(library, "A clerk opened the link.")
    scores = log_probabilities(library, ids, [2, 3])
    best = [row.topk(12).indices.tolist() for row in scores]
    joint = {pair: (scores[0, pair[0]] + scores[1, pair[1]]).item() for pair in itertools.product(*best)}
    order = sorted(joint, key=lambda pair: -joint[pair])
    from sevenllm_bench.encoders.masked_copies import MaskedCopy
    from sevenllm_bench.encoders.term_ranking import rank_of

    copies = [MaskedCopy((*ids[:2], *pair, *ids[4:]), (2, 3)) for pair in order[:13]]
    found = [rank_of(*scores) for scores in model._reader.read(copies, best=11)]
    # Both ways differ by rounding, so that neighbours closer than that may change places.
    for place, (pair, rank) in enumerate(zip(order, found, strict=False)):
        near = [at for at, other in enumerate(order) if abs(joint[other] - joint[pair]) < 1e-6]
        assert rank in {at + 1 if at < 10 else None for at in near}, place
    assert sorted(rank for rank in found if rank) == list(range(1, 11))


def test_terms_that_do_not_meet_tokens_are_counted(folder, library):
    model = model_of(folder)
    text = "A clerk opened the link."
    offsets = library[1](text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    start, end = next((start, end) for start, end in offsets if end - start > 2)
    whole, part = model.term_answers([(text, start, end), (text, start + 2, end)])
    assert whole == part, "the token that overlaps is taken"
    assert model.unaligned == 1
    (with_space,) = model.term_answers([("A clerk", 2, 7)])
    assert model.unaligned == 1, "a space in the first token is no part of a term, nor a mistake"
    assert with_space.tokens == len(tokens_of(library, "A clerk")) - 1


def test_copies_are_read_once(folder):
    model = model_of(folder)
    model.pseudo_log_likelihoods([TEXTS[0], TEXTS[0]])
    tokens = model.cost.texts
    assert model.cost.passes == tokens
    model.pseudo_log_likelihoods([TEXTS[0]])
    assert model.cost.texts == 2 * tokens
    before = model.cost.texts
    # Four candidates of one token for one place: one masked copy.
    values = model.continuation_log_likelihoods([("The answer is", letter) for letter in (" A", " B", " C", " A")])
    lengths = {letter: len(model._tokens(f"The answer is{letter}")[0]) for letter in (" A", " B", " C")}
    assert len(set(lengths.values())) == 1
    assert values[0] == values[3]
    assert model.cost.texts - before <= 3 * 2
    assert len(set(values)) == 3


def test_continuations_equal_a_plain_loop(folder, library):
    pairs = [("A clerk opened", " the link."), ("", "kit"), ("kit", ""), ("攻击", "者"), ("", "")]
    wanted = []
    for context, continuation in pairs:
        encoded = library[1](context + continuation, add_special_tokens=False, return_offsets_mapping=True)
        places = [place for place, (_, end) in enumerate(encoded["offset_mapping"]) if end > len(context)]
        wanted.append(one_at_a_time(library, encoded["input_ids"], places))
    assert model_of(folder).continuation_log_likelihoods(pairs) == pytest.approx(wanted, abs=1e-4)


def test_long_texts(folder, library):
    ids = tokens_of(library, LONG)
    assert len(ids) > 126
    cut = model_of(folder, long_texts="cut")
    assert cut.pseudo_log_likelihoods([LONG])[0] == pytest.approx(one_at_a_time(library, ids[:126]), abs=1e-3)
    assert cut.cost.long_texts == 1
    # All tokens count, each in the window in which it is most central.
    starts = [*range(0, len(ids) - 126, 95), len(ids) - 126]
    total = 0.0
    for token in range(len(ids)):
        inside = [start for start in starts if start <= token < start + 126]
        start = max(
            inside,
            key=lambda start: (
                min(
                    10_000 if start == 0 else token - start,
                    10_000 if start + 126 == len(ids) else start + 125 - token,
                ),
                -start,
            ),
        )
        total += log_probabilities(library, ids[start : start + 126], [token - start])[0, ids[token]].item()
    model = model_of(folder)
    assert model.pseudo_log_likelihoods([LONG])[0] == pytest.approx(total, abs=1e-3)
    # A context in windows before its continuation.
    tail = tokens_of(library, f"{LONG} kit")[len(tokens_of(library, LONG)) :]
    joined = tokens_of(library, f"{LONG} kit")
    context = joined[: len(joined) - len(tail)]
    room = 126 - len(tail)
    step = room - room // 4
    parts = [context[start : start + room] for start in [*range(0, len(context) - room, step), len(context) - room]]
    wanted = [one_at_a_time(library, [*part, *tail], range(room, 126)) for part in parts]
    assert model.continuation_log_likelihoods([(LONG, " kit")])[0] == pytest.approx(max(wanted), abs=1e-3)
    mean = model_of(folder, long_texts="mean").continuation_log_likelihoods([(LONG, " kit")])
    assert mean[0] == pytest.approx(sum(wanted) / len(wanted), abs=1e-3)
    assert cut.continuation_log_likelihoods([(LONG, " kit")])[0] == pytest.approx(wanted[-1], abs=1e-3)


def test_a_term_late_in_a_long_text(folder):
    model = model_of(folder)
    place = LONG.rindex("GlassTurnstile")
    (late,) = model.term_answers([(LONG, place, place + 14)])
    assert late.tokens > 1
    assert late.pseudo_log_likelihood < 0
    assert model.cost.long_texts == 1


def test_hostile_texts(folder):
    model = model_of(folder)
    texts = ["", " ", "\0", "\ud800", "a" * 700, "‮" * 9, "\U0001f600" * 40]
    assert all(math.isfinite(value) and value <= 0 for value in model.pseudo_log_likelihoods(texts))
    answers = model.term_answers([("", 0, 0), ("", -5, 5), ("abc", 2, 1), ("abc", -3, 99), ("\ud800bc", 0, 1), ("a b", 1, 1)])
    assert answers[:3] == [TermAnswer(None, 0, 0.0)] * 3
    assert answers[3].tokens > 0
    assert model.term_answers([]) == model.pseudo_log_likelihoods([]) == model.continuation_log_likelihoods([]) == []


def test_what_describes_it(folder):
    described = model_of(folder).describe()
    assert (described["kind"], described["max_tokens"], described["ranks_up_to"]) == ("masked-lm", 128, 10)
