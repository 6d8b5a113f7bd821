"""Each kind of encoder run from its recipe to a checkpoint that transformers, sentence-transformers and our encoders load."""

import json
import re

import encoder_runs_made_here as runs
import finetune_runs
import numpy as np
import pytest
import torch
from encoders import tiny_encoders

from sevenllm_bench.cli.main import main
from sevenllm_bench.encoders.checkpoint_kind import kind_of
from sevenllm_bench.encoders.encoder_choice import EncoderChoice

transformers = pytest.importorskip("transformers")
for module in ("trl", "sentence_transformers", "bm25s"):
    pytest.importorskip(module)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Checkpoint of each kind, made once."""
    made = {}

    def of(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            base = runs.make_base(folder / "base", kind)
            assert main(runs.words(kind, base, folder / "out", "evaluation.every=0.5")) == 0
            made[kind] = folder / "out"
        return made[kind]

    return of


KINDS = {"encoder-mlm": "masked-lm", "bi-encoder": "bi-encoder", "cross-encoder": "cross-encoder", "ner": "token-classifier"}


@pytest.mark.parametrize(("kind", "loaded"), KINDS.items())
def test_our_encoders_tell_its_kind(trained, kind, loaded):
    assert kind_of(EncoderChoice(str(trained(kind)))) == loaded


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_published_whole(trained, kind):
    folder = trained(kind)
    assert not (folder / "training").exists()
    data = json.loads((folder / "training_data.json").read_text())
    assert data["leak guard"] == "embedded"
    assert data["examples"]
    log = finetune_runs.log(folder)
    assert {entry["step"] for entry in log if any(name.startswith("eval_") for name in entry)} >= {0, log[-1]["step"]}
    card = (folder / "README.md").read_text()
    assert card.startswith("---\n")
    assert "base_model:" not in card  # a folder of this machine
    for part in ("## Use it", "## Training data", "Kept apart from", "## Held-out examples", "| before | after |", "## Licence"):
        assert part in card
    assert str(folder.parent) not in card
    assert "pipeline_tag: " in card


def test_a_bi_encoder_loads_in_sentence_transformers_with_its_length(trained):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(trained("bi-encoder")), device="cpu")
    assert model.max_seq_length == 48
    assert model.encode(["a text"]).shape == (1, 32)


def test_a_cross_encoder_gives_one_score(trained):
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(str(trained("cross-encoder")), device="cpu")
    assert model.num_labels == 1
    assert model.predict([("a query", "a text")]).shape == (1,)


def test_a_tagger_has_the_labels_of_securebert(trained):
    model = transformers.AutoModelForTokenClassification.from_pretrained(trained("ner"))
    assert list(model.config.id2label.values()) == list(tiny_encoders.NER_LABELS)


def test_a_masked_model_keeps_its_head(trained):
    loaded = transformers.AutoModelForMaskedLM.from_pretrained(trained("encoder-mlm"), output_loading_info=True)
    assert not loaded[1]["missing_keys"]


def held_out(folder, name):
    """A figure before and after training, from the card's table."""
    row = re.search(rf"^\| {name} \| ([\d.]+) \| ([\d.]+) \|$", (folder / "README.md").read_text(), re.MULTILINE)
    return float(row[1]), float(row[2])


@pytest.mark.parametrize("kind", ["encoder-mlm", "ner"])
def test_the_held_out_loss_falls(trained, kind):
    before, after = held_out(trained(kind), "loss")
    assert after < before


def test_functions_are_classified(tmp_path):
    base = runs.make_base(tmp_path / "base", "ner")
    files = runs.write_functions(tmp_path / "f.jsonl", 48)
    words = ["code-classifier", f"model.base={base}", f"data.files={files}", "data.leak_guard=embedded", *runs.SHORT]
    assert main(["finetune", *words, f"output={tmp_path / 'out'}", "training.epochs=2"]) == 0
    assert kind_of(EncoderChoice(str(tmp_path / "out"))) == "text-classifier"
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "out")
    assert model.config.id2label == {0: "safe", 1: "vulnerable"}
    counts = json.loads((tmp_path / "out" / "training_data.json").read_text())
    assert counts["records of files"]["read"] == 48
    assert counts["examples"]["training functions"] + counts["examples"]["held-out functions"] == 48


def test_functions_of_the_benchmark_are_left_out(tmp_path):
    from sevenllm_bench.data.benchmark import load_benchmark
    from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask
    from sevenllm_bench.encoder_tasks.vulnerable_code import items

    base = runs.make_base(tmp_path / "base", "ner")
    files = runs.write_functions(tmp_path / "f.jsonl", 24)
    shown = [dict(item.document) for item in items(EncoderTask("vulnerable-code"), load_benchmark("embedded"))[:3]]
    with files.open("a", encoding="utf-8") as file:
        for document in shown:
            file.write(json.dumps({"func": "\n " + document["func"].replace("    ", "\t"), "target": document["target"]}) + "\n")
    words = ["code-classifier", f"model.base={base}", f"data.files={files}", "data.leak_guard=embedded", *runs.SHORT]
    assert main(["finetune", *words, f"output={tmp_path / 'out'}", "data.held_out=0", "training.max_steps=2"]) == 0
    counts = json.loads((tmp_path / "out" / "training_data.json").read_text())["examples"]
    assert counts["functions of the benchmark left out"] == 3
    assert counts["training functions"] == 24


def test_conll_files_are_trained_on(tmp_path):
    base = runs.make_base(tmp_path / "base", "ner")
    lines = [f"w{n} O\nAlpha{n} B-APT\nHeron{n} I-APT\nz{n} O\n" for n in range(12)]
    (tmp_path / "train.conll").write_text("\n".join(lines))
    words = ["ner", f"model.base={base}", f"data.files={tmp_path / 'train.conll'}", "data.leak_guard=embedded", *runs.SHORT]
    words += [f"output={tmp_path / 'out'}", "data.held_out=0", "data.deduplicate=false"]
    assert main(["finetune", *words]) == 2  # APT is none of the types
    assert main(["finetune", *words, "entities.label_map={APT: Organization}"]) == 0
    assert json.loads((tmp_path / "out" / "training_data.json").read_text())["examples"]["entities in them"] == 12


def test_a_matryoshka_trains_and_the_base_may_have_no_pooling(tmp_path):
    base = runs.make_base(tmp_path / "base", "ner")
    words = runs.words("bi-encoder", base, tmp_path / "out", "contrast.matryoshka=[16, 32]", "model.pooling=cls")
    assert main([*words, "training.max_steps=2"]) == 0
    pooling = json.loads((tmp_path / "out" / "1_Pooling" / "config.json").read_text())
    assert "cls" in json.dumps(pooling)
    from sentence_transformers import SentenceTransformer

    assert SentenceTransformer(str(tmp_path / "out"), device="cpu", truncate_dim=16).encode(["a"]).shape == (1, 16)


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path, capsys):
    base = runs.make_base(tmp_path / "base", "encoder-mlm")
    words = runs.words("encoder-mlm", base, tmp_path / "out", "training.learning_rate=1.0e+30", "training.max_grad_norm=0.0")
    assert main([*words, "training.epochs=5", "training.log_every=1"]) == 2
    assert "training diverged at step" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_held_out_spans_are_counted_as_seqeval_does(tmp_path):
    """Labels at random, right and guessed, over windows with special tokens at both ends."""
    from seqeval.metrics import f1_score

    from sevenllm_bench.finetune.encoder_training.encoder_base import open_encoder_base
    from sevenllm_bench.finetune.encoder_training.encoder_run import encoder_runtime, trainee_of
    from sevenllm_bench.finetune.encoder_training.run_config_file import read_run_config

    base = runs.make_base(tmp_path / "base", "ner")
    config = read_run_config("ner", [f"model.base={base}", "data.max_length=48", "training.device=cpu"])
    trainee = trainee_of(config, encoder_runtime(config.training), open_encoder_base(config))
    trainee.model.eval()
    chance = np.random.default_rng(0)
    held_out = []
    for size in (12, 30, 7):
        labels = [-100, *(int(chance.choice([0, 0, 1, 2, 3, 4])) for _ in range(size - 2)), -100]
        held_out.append({"input_ids": chance.integers(5, 1000, size).tolist(), "labels": labels})
    with torch.no_grad():
        trainee.model.classifier.weight *= 30  # so that all labels occur
    right, guessed = [], []
    for example in held_out:
        with torch.no_grad():
            best = trainee.model(input_ids=torch.tensor([example["input_ids"]])).logits[0].argmax(-1).tolist()
        places = range(1, len(best) - 1)
        right.append([trainee.labels[example["labels"][place]] for place in places])
        guessed.append([trainee.labels[best[place]] for place in places])
    # copy some right labels into the model's own guesses by making them the truth
    for example, best in zip(held_out, guessed, strict=True):
        example["labels"][1:5] = [trainee.labels.index(label) for label in best[:4]]
    right = [[trainee.labels[label] for label in example["labels"][1:-1]] for example in held_out]
    found = trainee.figures(held_out, None)
    assert found["span_f1"] == pytest.approx(f1_score(right, guessed), abs=1e-9)
    assert found["span_f1"] > 0


def test_ranks_count_ties_against_the_right_text():
    from sevenllm_bench.finetune.encoder_training.cross_trainee import ranking_figures

    class Scores:
        def predict(self, pairs, **_):
            return np.array([{"right": 0.5, "tied": 0.5, "worse": 0.1}[text] for _, text in pairs])

    pair = {"query": "q", "text": "right", "incident": "a", "language": "en"}
    texts = {"en": {"right": "a", "tied": "b", "worse": "c", "also right": "a"}}
    assert ranking_figures(Scores(), [pair], texts, 8) == {"ranking_acc": 0.0, "ranking_mrr": 0.5}


def test_masks_are_the_same_again_and_other_ones_in_the_next_pass(tmp_path):
    from sevenllm_bench.finetune.encoder_training.masking_collator import MaskingCollator
    from sevenllm_bench.finetune.encoder_training.pass_number import PassNumber

    passes = PassNumber()
    collator = MaskingCollator(tiny_encoders.make_tokenizer(), 0.3, 1, passes)
    examples = [{"input_ids": [1, *range(10, 60), 2]}, {"input_ids": [1, *range(10, 30), 2]}]
    first, again = collator(examples), collator(examples)
    assert torch.equal(first["labels"], again["labels"])
    assert torch.equal(first["input_ids"], again["input_ids"])
    passes.number = 1
    assert not torch.equal(first["labels"], collator(examples)["labels"])
    masked = first["labels"] != -100
    assert not masked[:, 0].any()
    assert 5 <= int(masked.sum()) <= 40  # of 70, a share of 0.3: 21 on average
