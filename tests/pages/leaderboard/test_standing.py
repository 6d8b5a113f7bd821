"""Who has a rank: each lie of a manifest loses it, with the reason; no single changed field moves a rank."""

import copy
import json
import re
from datetime import UTC, datetime

import pytest
from hostile_texts import TEXTS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leaderboard_files import SECTIONS, manifest_of, write_bundle

from sevenllm_bench.catalog import LEAVES
from sevenllm_bench.pages.leaderboard.board_pages import build_leaderboard
from sevenllm_bench.pages.leaderboard.claim import Claim
from sevenllm_bench.pages.leaderboard.entry import Value
from sevenllm_bench.pages.leaderboard.manifest_entry import entry_of_manifest
from sevenllm_bench.pages.leaderboard.manifest_figures import claimed_figures
from sevenllm_bench.pages.leaderboard.standing import why_refused
from sevenllm_bench.pages.leaderboard.submissions import read_submissions

pytestmark = pytest.mark.usefixtures("own_cache")

FIGURES = dict(zip(SECTIONS, (0.31, 0.22, 0.9, 0.43, 0.34, 0.8), strict=True))  # mean 3.0 / 6 = 0.5
NOW = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
MCQ = "sevenllm_en_mcq"


def reasons(manifest, members=("manifest.json",)):
    claim = Claim(manifest, claimed_figures(manifest), None, dict.fromkeys(members, 1))
    return " | ".join(why_refused(claim, NOW))


def figure(manifest, name):
    return next(figure for figure in manifest["figures"] if figure["id"] == name)


def set_figure(name, **values):
    return lambda m: figure(m, name).update(values)


def set_task(name, **values):
    return lambda m: m["tasks"][name].update(values)


def set_data(**values):
    return lambda m: [task["signature"]["data"].update(values) for task in m["tasks"].values()]


def set_version(metric, version):
    def change(m):
        for task in m["tasks"].values():
            if metric in task["signature"]["metrics"]:
                task["signature"]["metrics"][metric] = version

    return change


def drop_figure(name):
    return lambda m: m["figures"].remove(figure(m, name))


A_FILE = {"bytes": 5, "sha256": "e" * 64}
GRADES = {"value": 3.0, "rows": 300, "stderr": 0.05}
#: What a submission says that can't be so, and words of the reason.
LIES = {
    "headline": (set_figure("headline", value=0.99), "its score is 0.9900, the mean of its sections 0.5000"),
    "section": (set_figure("en_mcq.acc", value=0.96), "the mean of its sections 0.5100"),  # 0.5 + 0.06 / 6
    "section and headline": (
        lambda m: (figure(m, "en_mcq.acc").update(value=0.96), figure(m, "headline").update(value=0.51)),
        "en_mcq.acc is 0.9600, its tasks give 0.9000",
    ),
    "rows": (set_figure("headline", rows=3), "headline is over 3 rows, the benchmark has 1,300"),
    "rows of a section": (set_figure("zh_generation.rouge_l", rows=3), "is over 3 rows, the benchmark has 300"),
    "rows of a task": (set_task(MCQ, rows=3), f"it was not run on all official rows: {MCQ}"),
    "rows in all": (set_task(MCQ, rows_in_all=51), "it was not run on all official rows"),
    "limit": (lambda m: m["settings"].update(limit=10.0), "its run was limited (10.0 rows per task)"),
    "share as a limit": (lambda m: m["settings"].update(limit=0.5), "its run was limited"),
    "modified data": (set_data(modified=True), "other data than the official file"),
    "zeroed hash": (set_data(sha256="0" * 64), "other data than the official file (sha256 000000000000…): 45 tasks"),
    "unknown hash": (set_data(sha256="unknown"), "other data than the official file (sha256 unknown)"),
    "no hash": (lambda m: m["tasks"][MCQ]["signature"].pop("data"), "other data than the official file (sha256 None)"),
    "embedded data": (set_data(name="sevenllm-bench embedded"), "other data than the official file"),
    "metric version": (set_version("acc", 7), "acc has version 7, this package has 1: sevenllm_en_mcq, sevenllm_zh_mcq"),
    "no metric version": (lambda m: m["tasks"][MCQ].update(signature={}), "acc has no version, this package has 1"),
    "reading version": (
        lambda m: [task["signature"].update(reading=1) for task in m["tasks"].values()],
        "its answers were read by version 1, this package has 2: 45 tasks",
    ),
    "task version": (set_task(MCQ, version="1-A"), "version 1-A of the tasks, this package has 2-A"),
    "tasks missing": (lambda m: m["tasks"].pop(MCQ), f"it says nothing of official tasks: {MCQ}"),
    "bundle in the future": (lambda m: m.update(created="2027-01-01T00:00:00Z"), "it is dated 2027-01-01, in the future"),
    "run in the future": (lambda m: m.update(date="2027-01-01T00:00:00Z"), "its run is dated 2027-01-01, in the future"),
    "run after the bundle": (lambda m: m.update(date="2026-06-01T00:00:00Z"), "after the bundle of it (2026-05-01)"),
    "no time": (lambda m: m.update(created="soon"), "doesn't say when it was made"),
    "no time of the run": (lambda m: m.update(date="soon"), "the date of its run is no time"),
    "no files": (lambda m: m.update(files={}), "its manifest lists no files"),
    "files gone": (lambda m: m.pop("files"), "its manifest lists no files"),
    "no samples": (
        lambda m: m.update(files={name: r for name, r in m["files"].items() if "samples" not in name}),
        "its manifest lists no samples of 45 tasks",
    ),
    "no results": (
        lambda m: m.update(files={name: r for name, r in m["files"].items() if "results" not in name}),
        "its manifest lists no results file",
    ),
    "no hash of a file": (
        lambda m: m["files"].update({name: {"bytes": 5} for name in list(m["files"])[:1]}),
        "files without a possible size and sha256 in its manifest: run/results_",
    ),
    "more of a file": (
        lambda m: m["files"][next(iter(m["files"]))].update(mode=0o755),
        "files without a possible size and sha256 in its manifest: run/results_",
    ),
    "file of any size": (
        lambda m: m["files"][next(iter(m["files"]))].update(bytes=10**12),
        "files without a possible size and sha256 in its manifest: run/results_",
    ),
    "file outside": (lambda m: m["files"].update({"../x.json": A_FILE}), "files that no bundle has: ../x.json"),
    "absolute file": (lambda m: m["files"].update({"/etc/x": A_FILE}), "files that no bundle has: /etc/x"),
    "hidden file": (lambda m: m["files"].update({"run/x\u2800.json": A_FILE}), "files that no bundle has: run/x"),
    "manifest in itself": (lambda m: m["files"].update({"manifest.json": A_FILE}), "files that no bundle has: manifest.json"),
    "files alike": (lambda m: m["files"].update({"run/A": A_FILE, "run/a": A_FILE}), "whose names differ only in capitals"),
    "too many files": (lambda m: m["files"].update({f"x{n}": A_FILE for n in range(600)}), "a bundle has at most 500"),
    "results twice": (lambda m: m["files"].update({"run/results_2.json": A_FILE}), "its manifest lists 2 results files"),
    "samples twice": (
        lambda m: m["files"].update({f"run/samples_{MCQ}.jsonl": A_FILE}),
        f"its manifest lists samples twice of {MCQ}",
    ),
    "impossible value": (set_figure("en_mcq.acc", value=1.5), "figures that can't be: en_mcq.acc (a value of 1.5)"),
    "text for a value": (set_figure("en_mcq.acc", value="0.9"), "figures that can't be: en_mcq.acc (a value of 0.9)"),
    "impossible rows": (set_figure("en_mcq.acc", rows=-1), "figures that can't be: en_mcq.acc (-1 rows)"),
    # 50 values in [0, 1] with a mean of 0.9 have a standard error of (0.9 * 0.1 / 49) ** 0.5 = 0.0429 at most.
    "impossible error": (set_figure("en_mcq.acc", stderr=0.05), "en_mcq.acc (a standard error of 0.05)"),
    # 0.913 * 50 = 45.65
    "share of no rows": (set_figure("en_mcq.acc", value=0.913), "en_mcq.acc (a value of 0.913, which is no share of 50 rows)"),
    # 45 of 50: (0.9 * 0.1 / 49) ** 0.5 = 0.042857, and nothing else.
    "smaller error of a share": (set_figure("en_mcq.acc", stderr=0.04), "en_mcq.acc (a standard error of 0.04)"),
    "no error": (set_figure("en_mcq.acc", stderr=None), "en_mcq.acc (a standard error of None)"),
    "no error of 300 different values": (
        set_figure("zh_generation.rouge_l", stderr=0.0),
        "zh_generation.rouge_l (a standard error of 0.0)",
    ),
    "error of one row": (
        set_figure("sevenllm_en_security_policy_audit.rouge_l", stderr=0.01),
        "sevenllm_en_security_policy_audit.rouge_l (a standard error of 0.01)",
    ),
    "endless rows": (
        lambda m: m["figures"].append({"id": "en_generation.semantic", "value": 0.7, "rows": 10**9, "stderr": 1e-5}),
        "figures that can't be: en_generation.semantic (1000000000 rows)",
    ),
    "more rows than the task has": (
        lambda m: m["figures"].append({"id": f"{MCQ.replace('mcq', 'risk_assessment')}.judge", **GRADES, "rows": 34}),
        "sevenllm_en_risk_assessment.judge is over 34 rows, the benchmark has 33",
    ),
    "grade beyond five": (
        lambda m: m["figures"].append({"id": "en_generation.judge", **GRADES, "value": 5.5}),
        "figures that can't be: en_generation.judge (a value of 5.5)",
    ),
    # Marks from 1 to 5 with a mean of 3: ((3 - 1) * (5 - 3) / 299) ** 0.5 = 0.1157 at most.
    "error of grades": (
        lambda m: m["figures"].append({"id": "en_generation.judge", **GRADES, "stderr": 0.12}),
        "figures that can't be: en_generation.judge (a standard error of 0.12)",
    ),
    "metric of another kind": (
        lambda m: m["figures"].append({"id": "en_mcq.rouge_l", "value": 0.5, "rows": 50, "stderr": 0.01}),
        "figures that can't be: en_mcq.rouge_l (a metric of another kind of row)",
    ),
    "metric of another kind in a task": (
        lambda m: m["figures"].append({"id": f"{MCQ}.judge", **GRADES, "rows": 50}),
        f"figures that can't be: {MCQ}.judge (a metric of another kind of row)",
    ),
    "more right than answered": (
        set_figure("en_mcq.answered", value=0.8, stderr=0.4 / 7),
        "en_mcq.acc is 0.9000, above answered",
    ),
    "section against its tasks": (
        set_figure("zh_generation.rouge_l_paper", value=0.36),
        "zh_generation.rouge_l_paper is 0.3600, its tasks give 0.3400",
    ),
    "task against its section": (
        set_figure("sevenllm_zh_threat_analysis.rouge_l", value=0.35),
        # (90 * 0.34 + 210 * 0.35) / 300
        "zh_generation.rouge_l is 0.3400, its tasks give 0.3470",
    ),
    # Tasks of 3, 11, 210, 12, 3, 2, 35, 19 and 5 rows at 0.02: (45,698 * 0.02 ** 2 / (300 * 299)) ** 0.5 = 0.01427, where
    # 45,698 is the sum of n (n - 1).
    "error of a section": (
        set_figure("zh_understanding.value_f1", stderr=0.012),
        "the standard error of zh_understanding.value_f1 is 0.0120, its tasks give 0.0143",
    ),
    # 210 rows at 0.01, others with a sum of n (n - 1) of 1,404 at 0.02: ((43,890 * 0.0001 + 1,404 * 0.0004) / 89,700) ** 0.5.
    "error of a task": (
        set_figure("sevenllm_zh_threat_analysis.rouge_l", stderr=0.01),
        "the standard error of zh_generation.rouge_l is 0.0142, its tasks give 0.0074",
    ),
    "section with a metric that its tasks have not": (
        lambda m: m["figures"].remove(figure(m, "sevenllm_en_risk_assessment.rouge_l_paper")),
        "en_generation.rouge_l_paper is claimed, and not all of its tasks have a figure of rouge_l_paper",
    ),
    "error of the headline": (set_figure("headline", stderr=0.0001), "the standard error of its score is 0.0001"),
    "figure twice": (lambda m: m["figures"].append(m["figures"][1]), "figures that are there twice: en_understanding.value_f1"),
    "no figure": (lambda m: m["figures"].append("0.99"), "its list of figures holds something else"),
    "no headline": (drop_figure("headline"), "figures missing: headline"),
    "no section": (drop_figure("en_mcq.acc"), "figures missing: en_mcq.acc"),
    "no task": (drop_figure(f"{MCQ}.acc"), f"figures missing: {MCQ}.acc"),
    "partial section": (set_figure("en_mcq.acc", partial="3 rows missing"), "en_mcq.acc is partial (3 rows missing)"),
    "partial without a reason": (set_figure("en_mcq.acc", partial=True), "en_mcq.acc (partial without a reason)"),
    "name that can't be seen": (
        lambda m: m["submission"].update(repository="org/mo\u2800del"),
        "the name of its repository is not one (U+2800 can't be seen)",
    ),
    "name of the model": (
        lambda m: m["model"].update(name="\u200d"),
        "the name of its model is not one (nothing of it can be seen)",
    ),
    "format": (lambda m: m.update(version=99), "its format has version 99, this package knows 1 to 3"),
}


@pytest.mark.parametrize("name", LIES)
def test_each_lie_is_named(name):
    change, words = LIES[name]
    manifest = manifest_of("org/model", FIGURES, every_metric=True)
    assert reasons(manifest) == ""
    change(manifest)
    assert words in reasons(manifest)


def test_a_bundle_made_before_the_grounding_metrics_keeps_its_rank():
    made = manifest_of("an-org/a-model", FIGURES, every_metric=True)
    assert not {"grounded", "invented_indicators"} & {
        name for task in made["tasks"].values() for name in task["signature"]["metrics"]
    }
    assert reasons(made) == ""
    made["tasks"]["sevenllm_en_time_element_acquisition"]["signature"]["metrics"]["grounded"] = 99
    assert "grounded has version 99" in reasons(made)


def test_what_is_no_lie():
    """A day for time zones, a limit beyond every task, dates that aren't known, other packages' versions, line ends of Unix."""
    for change in (
        lambda m: m.update(created="2026-11-28T06:00:00Z", date="2026-11-28T06:00:00Z"),
        lambda m: m["settings"].update(limit=1_000.0),
        lambda m: m.update(date="unknown"),
        lambda m: m.update(sevenllm_bench="9.9"),
        set_data(sha256="cf0fe07718f3773dbcbfa2c414e0a47b1e1fbdba684df3765e0e90204eb1472e"),
        set_task(MCQ, version="2-B"),
    ):
        manifest = manifest_of("org/model", FIGURES)
        change(manifest)
        assert reasons(manifest) == ""


def test_a_bundle_has_all_files_of_its_run_or_none(tmp_path):
    manifest = manifest_of("org/model", FIGURES)
    names = list(manifest["files"])
    for record in manifest["files"].values():
        record["bytes"] = 1
    assert reasons(manifest, ["manifest.json", *names]) == ""
    assert reasons(manifest) == ""
    assert f"the bundle lacks: {names[-1]}" in reasons(manifest, names[:-1])
    assert "its manifest doesn't list: run/more.json" in reasons(manifest, [*names, "run/more.json"])
    manifest["files"][names[0]]["bytes"] = 2
    assert f"not as large as its manifest says: {names[0]}" in reasons(manifest, names)


def test_a_partial_run_is_no_liar():
    manifest = manifest_of("org/model", FIGURES)
    figure(manifest, "headline").update(partial="3 of 1,300 rows missing", value=0.7, rows=1297)
    manifest["settings"]["limit"] = 5.0
    assert reasons(manifest) == ""
    manifest["created"] = "2031-01-01T00:00:00Z"
    assert "in the future" in reasons(manifest)


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """A liar between two honest models, a newer lie of one of them, and the same content twice."""
    folder = tmp_path_factory.mktemp("board")
    liar = manifest_of("org/liar<b>", FIGURES, "2026-02-01")
    figure(liar, "headline")["value"] = 0.99
    newer = manifest_of("org/good", FIGURES, "2026-03-01")
    newer["settings"]["limit"] = 5.0
    write_bundle(folder / "in" / "good", manifest_of("org/good", FIGURES, "2026-01-01"))
    write_bundle(folder / "in" / "again" / "good", manifest_of("org/good", FIGURES, "2026-01-01"))
    write_bundle(folder / "in" / "worse", manifest_of("org/worse", dict.fromkeys(SECTIONS, 0.3)))
    write_bundle(folder / "in" / "liar", liar)
    write_bundle(folder / "in" / "newer", newer)
    return build_leaderboard([folder / "in"], folder / "out")


def test_refused_submissions_are_listed_with_the_reason_and_replace_none(board):
    content = json.loads((board.index.parent / "leaderboard.json").read_text(encoding="utf-8"))
    found = [(entry["name"], entry["rank"], entry["newest"], bool(entry["refused"])) for entry in content["entries"]]
    assert found == [
        ("org/good", 1, True, False),
        ("org/worse", 2, True, False),
        ("org/good", None, False, True),
        ("org/liar<b>", None, False, True),
    ]
    page = board.index.read_text(encoding="utf-8")
    refused = page[page.index('id="refused"') :]
    assert "its score is 0.9900, the mean of its sections 0.5000" in refused
    assert "its run was limited (5.0 rows per task)" in refused  # that the protocol says limit 5 changes nothing
    assert "org/liar&lt;b&gt;" in refused
    assert "org/liar" not in page[: page.index('id="refused"')]
    assert [entry.name for entry in board.refused] == ["org/good", "org/liar<b>"]


def test_a_headline_is_computed_from_the_sections(tmp_path):
    manifest = manifest_of("org/model", FIGURES)
    figure(manifest, "headline")["value"] = 0.5 + 5e-7  # as rounded to six digits
    (entry,), _ = read_submissions([write_bundle(tmp_path / "a", manifest)])
    assert entry.refused == ()
    assert entry.headline == pytest.approx(0.5, abs=1e-12)  # (0.31 + 0.22 + 0.9 + 0.43 + 0.34 + 0.8) / 6


def paths(value, path=()):
    """Every place in a JSON value, the containers first."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


def changed(manifest, path, change):
    """A copy with one place changed: removed, a number moved, or another value."""
    made = parent = copy.copy(manifest)
    for key in path[:-1]:
        parent[key] = copy.copy(parent[key])
        parent = parent[key]
    kind, value = change
    if kind == "remove":
        del parent[path[-1]]
    elif kind == "put" or isinstance(parent[path[-1]], bool) or not isinstance(parent[path[-1]], int | float):
        parent[path[-1]] = value
    else:
        parent[path[-1]] += round(value * 1e3) if isinstance(parent[path[-1]], int) else value
    return made


HONEST = manifest_of("org/model", FIGURES, every_metric=True)
RIVALS = (0.6, 0.5004, 0.4996, 0.2)
VALUES = (None, True, False, 0, 1, 2, -1, 10**9, 10**400, 1e308, 0.5, 0.51, 1.0, "", "unknown", "x", "0.5", "main", "\ud800")
CHANGES = (
    ("remove", None),
    *(("put", value) for value in (*VALUES, "2026-05-02T00:00:00Z", "2099-05-02T00:00:00Z", [], {}, [1], {"a": 1})),
    *(("move", value) for value in (0.001, -0.001, 0.01, -0.01, 0.1, -0.1, 1.0)),
)


def moves_a_rank(path, change):
    """Whether a changed field moves the headline, or the place among four rivals, of a submission that keeps its rank."""
    made = changed(HONEST, path, change)
    if not isinstance(made.get("figures"), list) or made.get("format") != HONEST["format"]:
        return False  # left out, with the reason, as no manifest
    entry = entry_of_manifest(Claim(made, claimed_figures(made), None, {}), NOW)
    if entry.headline is None or entry.is_encoder:
        return not (entry.why_unranked or entry.is_encoder)
    place = sum(rival > entry.headline for rival in RIVALS)
    return (place, entry.headline) != (2, pytest.approx(0.5, abs=1e-6))


def moves_a_figure(path, change):
    """Whether a changed field moves any mean, number of rows, or section's standard error of a submission that keeps its rank.

    Not those of English understanding: two of its rows are in no task, so that their values aren't known. The standard error of
    a small task may move by what six digits of the others leave open.
    """
    made = changed(HONEST, path, change)
    if not isinstance(made.get("figures"), list) or made.get("format") != HONEST["format"]:
        return False
    entry = entry_of_manifest(Claim(made, claimed_figures(made), None, {}), NOW)
    if entry.headline is None:
        return False
    for name, was in KNOWN.items():
        value, scope = entry.figures.get(name, was), name.split(".")[0]
        error = pytest.approx(was.error, abs=1e-5) if scope in SECTIONS else value.error
        if scope not in WITH_OTHER_ROWS and value != Value(pytest.approx(was.mean, abs=1e-5), error, was.rows):
            return True
    return False


KNOWN = claimed_figures(HONEST)
WITH_OTHER_ROWS = {"en_understanding", *(leaf.name for leaf in LEAVES if (leaf.language, leaf.kind) == ("en", "understanding"))}


def test_the_property_can_fail(monkeypatch):
    monkeypatch.setattr("sevenllm_bench.pages.leaderboard.manifest_entry.why_refused", lambda *_: ())
    assert moves_a_rank(("figures", 1, "value"), ("move", 0.1))
    assert moves_a_figure(("figures", 2, "value"), ("move", 0.001))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(path=st.sampled_from(list(paths(HONEST))), change=st.sampled_from(CHANGES))
def test_no_single_field_moves_a_rank(path, change):
    """Either the rank doesn't depend on the field, or the submission loses its rank."""
    assert not moves_a_rank(path, change)


FIGURE_FIELDS = [path for path in paths(HONEST) if path[0] == "figures" and len(path) == 3]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(path=st.sampled_from(FIGURE_FIELDS), change=st.sampled_from(CHANGES))
def test_no_single_field_moves_a_figure_of_a_ranked_submission(path, change):
    """Values, rows and standard errors of all sections and tasks, in every metric that is computed from answers alone."""
    assert not moves_a_figure(path, change)


def test_hostile_texts_in_reasons_do_nothing(tmp_path, open_page):
    """What is refused is quoted: versions, hashes, dates, names of files and figures, numbers of rows."""
    for place, text in enumerate(text[:20_000] for text in TEXTS):  # a manifest of more than 8 MB is not read
        manifest = manifest_of(text, FIGURES, organization=text, notes=text)
        manifest["files"][text] = {}
        manifest["date"] = text
        manifest["settings"]["limit"] = text
        manifest["figures"] += [
            {"id": text},
            {"id": text},
            {**manifest["figures"][1], "partial": text, "rows": text, "stderr": text},
        ]
        set_data(sha256=text)(manifest)
        set_version("acc", text)(manifest)
        write_bundle(tmp_path / "in" / f"s{place}", manifest)
    built = build_leaderboard([tmp_path / "in"], tmp_path / "out")
    assert len(built.refused) == len(TEXTS)
    page = open_page(built.index, width=360, height=740)
    assert page.locator("#refused > ul > li").count() == len(TEXTS)
    assert page.evaluate("window.tripped") is None
    assert page.locator("#refused").locator("iframe, object, style, img, video, base, meta, script").count() == 0
    links = page.locator("#refused a").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert all(re.fullmatch(r"submissions/[0-9a-f]{12}\.html", link) for link in links), links
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert (tmp_path / "out" / "leaderboard.json").stat().st_size < 500_000
