"""The result of a probe in a bundle: taken along, read again, and refused where it is of another model or no result."""

import json

import pytest
from submission_files import DECLARED, NOW, small_rows, unpacked, verify, write_true_run

from sevenllm_bench.cli import submit
from sevenllm_bench.errors import ConfigError, ResultsError
from sevenllm_bench.memorisation.probe_file import probe_as_json, read_probe
from sevenllm_bench.memorisation.probe_result import ProbeResult, ProbeTest
from sevenllm_bench.runs.reader import read_run
from sevenllm_bench.submission.bundle import one_run, write_bundle

TEST = ProbeTest("option-order", "en", 100, 0, 0.1, -0.1, 0.3, 0.2, 0.1)


def _result(base="an-org/a-model", **more):
    return ProbeResult("0.1.0", 0, 99, {"type": "hf", "name": base, "base": base, **more}, {}, {}, 0, (TEST,))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """An unpacked bundle with a probe of the run's model."""
    folder = tmp_path_factory.mktemp("probed")
    run = write_true_run(folder / "run", small_rows()[:6]).parent
    files = one_run(run)
    path = write_bundle(files, folder / "bundle.zip", DECLARED, NOW, probe=_result(api_key="sk-abcdefghijklmnop1234")).path
    return unpacked(path, folder / "bundle"), read_run(files)


def _about_the_probe(folder):
    return [(finding.status, finding.detail) for finding in verify(folder).findings if finding.check == "probe"]


def test_it_is_in_the_bundle_without_secrets_and_said_to_be_the_submitters(bundle):
    folder, _ = bundle
    text = (folder / "probe.json").read_text(encoding="utf-8")
    assert "sk-abcdefghijklmnop1234" not in text
    assert read_probe(folder / "probe.json").tests == (TEST,)
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]["probe.json"]["bytes"] == len(
        text.encode()
    )
    ((status, detail),) = _about_the_probe(folder)
    assert status == "note"
    assert "since its tests need the model: No evidence found in 1 test;" in detail


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (json.dumps(probe_as_json(_result("an-org/other"))), "a probe of an-org/other, not of the run's model an-org/a-model"),
        ("{}", "no result of sevenllm-bench probe"),
        ("[" * 50_000, "broken JSON"),
        (json.dumps(probe_as_json(_result())).replace('"p": 0.2', '"p": 0.2, "p": 0.01'), "a key stands twice in one object"),
        (
            json.dumps(probe_as_json(_result())).replace('"effect": 0.1', '"effect": 0.4'),
            "test 1 (option-order, en): an effect of 0.4 outside its interval, -0.1 to 0.3",
        ),
    ],
)
def test_another_models_and_no_result_differ(bundle, content, detail):
    folder, _ = bundle
    path = folder / "probe.json"
    original = path.read_text(encoding="utf-8")
    try:
        path.write_text(content, encoding="utf-8")
        ((status, found),) = _about_the_probe(folder)
    finally:
        path.write_text(original, encoding="utf-8")
    assert status == "differs"
    assert detail in found


def test_submit_refuses_a_probe_of_another_model(bundle, tmp_path):
    _, run = bundle
    path = tmp_path / "probe.json"
    path.write_text(json.dumps(probe_as_json(_result("an-org/other"))), encoding="utf-8")
    with pytest.raises(ConfigError, match="a probe of an-org/other, not of the run's model an-org/a-model"):
        submit._probe(str(path), run)
    path.write_text(json.dumps(probe_as_json(_result())).replace('"p": 0.2', '"p": 0.01, "p": 0.2'), encoding="utf-8")
    with pytest.raises(ResultsError, match="a key stands twice in one object"):
        submit._probe(str(path), run)
    path.write_text(json.dumps(probe_as_json(_result())), encoding="utf-8")
    assert submit._probe(str(path), run) == _result()
    assert submit._probe(None, run) is None
