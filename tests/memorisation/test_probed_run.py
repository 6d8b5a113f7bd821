"""Whether a probe is of a run's model: weights, adapters, what else makes another model, and the commit."""

import pytest

from sevenllm_bench.memorisation.probe_result import ProbeResult
from sevenllm_bench.memorisation.probed_run import why_not_of
from sevenllm_bench.runs.model_name import identity_of

ONE, OTHER = "0123456789abcdef0123456789abcdef01234567", "89abcdef0123456789abcdef0123456789abcdef"


def probe_of(arguments, commit=None):
    """A probe as the command records it."""
    model = identity_of("hf", {"model_args": arguments})
    found = identity_of(model.loaded, {"model_args": arguments})
    known = {"type": "hf", "name": found.name, "base": found.base, "arguments": dict(found.notes), "commit": commit}
    return ProbeResult("0.1.0", 0, 99, known, {}, {}, 0, ())


def run_of(arguments, name="org/model"):
    return identity_of(name, {"model_args": arguments})


@pytest.mark.parametrize(
    ("of_probe", "of_run"),
    [
        ("pretrained=org/model", "pretrained=org/model"),
        ("pretrained=org/model", "pretrained=org/model,dtype=bfloat16,enable_thinking=False"),
        ("pretrained=org/model,peft=org/adapter", "pretrained=org/model,peft=org/adapter"),
        ("pretrained=org/model,load_in_4bit=True", "load_in_4bit=True,pretrained=org/model"),
        (f"pretrained=org/model,revision={ONE}", "pretrained=org/model"),
    ],
)
def test_the_same_model(of_probe, of_run):
    assert why_not_of(probe_of(of_probe), run_of(of_run), None) == ""


@pytest.mark.parametrize(
    ("of_probe", "of_run"),
    [
        ("pretrained=org/other", "pretrained=org/model"),
        ("pretrained=org/model", "pretrained=org/model,peft=org/adapter"),
        ("pretrained=org/model,peft=org/adapter", "pretrained=org/model"),
        ("pretrained=org/model,peft=org/adapter", "pretrained=org/model,peft=org/second"),
        ("pretrained=org/model,delta=org/delta", "pretrained=org/model"),
        ("pretrained=org/model,load_in_4bit=True", "pretrained=org/model"),
        ("pretrained=org/model,gguf_file=q4.gguf", "pretrained=org/model,gguf_file=q8.gguf"),
        ("pretrained=org/model,revision=v2", "pretrained=org/model,revision=v1"),
        (f"pretrained=org/model,revision={ONE}", f"pretrained=org/model,revision={OTHER}"),
    ],
)
def test_another_model(of_probe, of_run):
    assert why_not_of(probe_of(of_probe), run_of(of_run), None).startswith("a probe of org/")


def test_the_commit_counts_where_both_know_it():
    probe, model = probe_of("pretrained=org/model", ONE), run_of("pretrained=org/model")
    assert why_not_of(probe, model, OTHER) == (
        f"a probe of org/model at commit {ONE}, not of the run's model, which is at commit {OTHER}"
    )
    assert why_not_of(probe_of(f"pretrained=org/model,revision={OTHER}"), model, ONE)
    for unknown in (ONE, ONE[:9], None, "unknown", "", 7, {"sha": OTHER}):
        assert why_not_of(probe, model, unknown) == ""


@pytest.mark.parametrize("name", [None, 7, ["org/model"], {}, "org/model\u202e"])
def test_a_probe_that_names_nothing_is_of_another_model(name):
    result = ProbeResult("0.1.0", 0, 99, {"name": name, "commit": ["x"], "arguments": "y"}, {}, {}, 0, ())
    why = why_not_of(result, run_of("pretrained=org/model"), ONE)
    assert why.startswith("a probe of ")
    assert "\u202e" not in why
