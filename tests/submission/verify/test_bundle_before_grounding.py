"""A bundle made before `grounded` and `invented_indicators` existed verifies, and has no figure of them."""

import json

from submission_files import (
    differing,
    edit_json,
    edit_samples,
    make_bundle,
    read_lines,
    sign_again,
    small_rows,
    verify,
    write_lines,
    write_true_run,
)

NEW = ("grounded", "invented_indicators")


def made_before(folder):
    """The files of a run as they were written before."""
    path = write_true_run(folder, small_rows(), change=lambda results: [_without(task) for task in results["configs"].values()])

    def no_figures(results):
        for figures in results["results"].values():
            for name in [name for name in figures if name.startswith(NEW)]:
                del figures[name]

    edit_json(path, no_figures)
    for samples in folder.glob("samples_*.jsonl"):
        lines = [{name: value for name, value in line.items() if name not in NEW} for line in read_lines(samples)]
        write_lines(samples, [{**line, "metrics": [name for name in line["metrics"] if name not in NEW]} for line in lines])
    return folder


def _without(config):
    config["metric_list"] = [listed for listed in config["metric_list"] if listed["metric"] not in NEW]
    for name in NEW:
        config["metadata"]["sevenllm"]["signature"]["metrics"].pop(name, None)


def test_it_verifies_without_figures_of_the_new_metrics(tmp_path):
    bundle = make_bundle(made_before(tmp_path / "run"), tmp_path / "bundle")
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    assert [figure["id"] for figure in manifest["figures"] if figure["id"].endswith(NEW)] == []
    assert any(figure["id"].endswith("value_f1") for figure in manifest["figures"])
    assert differing(verify(bundle)) == []


def test_a_new_bundle_has_figures_of_both_and_no_row_can_be_left_out(tmp_path):
    bundle = make_bundle(write_true_run(tmp_path / "run", small_rows()), tmp_path / "bundle")
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    assert {figure["id"].rpartition(".")[2] for figure in manifest["figures"] if figure["id"].endswith(NEW)} == set(NEW)
    assert differing(verify(bundle)) == []
    task = next(name for name in manifest["tasks"] if f"{name}.grounded" in {figure["id"] for figure in manifest["figures"]})
    edit_samples(bundle, task, lambda lines: lines[0].pop("grounded"))
    sign_again(bundle)
    assert f"{task} grounded" in {finding.what for finding in differing(verify(bundle), "scores")}
