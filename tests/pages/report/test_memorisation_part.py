"""The part of a report about probes: every test with its finding, and never a word that a model is clean."""

from hostile_texts import MARKUP

from sevenllm_bench.memorisation.probe_result import OF_COMPLETIONS, ProbeResult, ProbeTest
from sevenllm_bench.pages.report.memorisation_part import memorisation_parts
from sevenllm_bench.runs.records import Model, Run, Settings

FOUND = ProbeTest("option-order", "en", 100, 0, 0.4, 0.2, 0.6, 0.001, 0.1)
NOTHING = ProbeTest("row-order", "zh", 100, 0, 0.1, -0.1, 0.3, 0.2, 0.1)
NOT_MADE = ProbeTest("reference-tokens", "en", 0, 0, None, None, None, None, None, MARKUP[1] * 50)


def run_of(label):
    return Run(label, Model(label, "hf"), Settings(), {}, ())


def probe_of(*tests):
    return ProbeResult("0.1.0", 0, 99, {"base": "m"}, {}, {}, 0, tests)


def test_each_test_has_its_finding_effect_and_corrected_p():
    """Holm over two tests: 2 x 0.001 and 0.2; 80 % power at 0.05 / 2 needs (1.960 + 0.842) x 0.1 = 0.28."""
    (part,) = memorisation_parts([run_of("a"), run_of("b")], {"b": probe_of(FOUND, NOTHING)})
    assert part.rows == (
        (
            "b",
            "order of the options, English",
            "evidence that the model has seen the multiple-choice questions with their options in order",
            "+0.400 (+0.200 to +0.600)",
            "0.0020",
            "standard deviations over the orders",
        ),
        (
            "b",
            "order of the rows, Chinese",
            "no evidence found (this test finds an effect of 0.28 with 80 %)",
            "+0.100 (-0.100 to +0.300)",
            "0.20",
            "standard deviations over the orders",
        ),
    )
    assert "No test shows that it hasn't" in part.sentences[0]
    assert "clean" not in " ".join([*part.sentences, *(cell for row in part.rows for cell in row)])


def test_a_test_with_controls_alone_is_no_evidence():
    alone = ProbeTest("incident-tokens", "zh", 600, 18, 0.03, 0.01, 0.06, 0.0036, 0.012)
    (part,) = memorisation_parts([run_of("a")], {"a": probe_of(alone, FOUND)})
    assert part.rows[0][2].startswith("differs from the controls, as style alone can make it")
    assert part.rows[1][2].startswith("evidence")


def test_a_test_that_was_not_made_has_its_reason_cut():
    (part,) = memorisation_parts([run_of("a")], {"a": probe_of(NOT_MADE)})
    (line,) = part.rows
    assert line[2].startswith("not made: </script>")
    assert len(line[2]) == 240
    assert line[3:5] == ("–", "–")


def test_the_largest_effect_that_a_file_can_hold_is_whole():
    large = ProbeTest("incident-tokens", "en", 10, 10, 0.0, -1e6, 1e6, 0.5, 1e6)
    (part,) = memorisation_parts([run_of("a")], {"a": probe_of(large)})
    assert part.rows[0][3] == "0.000 (-1000000.000 to +1000000.000)"


def test_a_probe_without_any_test_says_so():
    (part,) = memorisation_parts([run_of("a"), run_of("b")], {"a": probe_of(), "b": probe_of(FOUND)})
    assert part.rows[0] == ("a", "–", "No test was made.", "–", "–", "–")
    assert part.rows[1][0] == "b"


def test_no_probe_no_part():
    assert memorisation_parts([run_of("a")], {}) == memorisation_parts([run_of("a")], {"b": probe_of(FOUND)}) == []


def test_a_probe_with_completions_says_that_they_were_never_shown_to_find_a_model():
    silent = ProbeTest("option-completion", "en", 48, 0, 0.1, -0.1, 0.3, 0.2, 0.1)
    (part,) = memorisation_parts([run_of("a"), run_of("b")], {"a": probe_of(silent), "b": probe_of(silent)})
    assert [OF_COMPLETIONS in sentence for sentence in part.sentences] == [False, False, True]
    (part,) = memorisation_parts([run_of("a")], {"a": probe_of(FOUND)})
    assert len(part.sentences) == 2
