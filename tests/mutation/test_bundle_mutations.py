"""A sample of what `bundles.py` does in full: a field changed or removed anywhere is reported, or claims nothing."""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from bundles import Bundle, Mutation, changed, fields_of, measure
from submission_files import small_rows, write_true_run

#: Fields of the results that claim nothing, see docs/submitting.md; a few that only lm-eval's own tables repeat.
SILENT = ("samples", "manifest.json", "every_eval_ever", "hub")


def test_mutations_of_a_bundle(tmp_path):
    chance = random.Random(7)
    bundle = Bundle(write_true_run(tmp_path / "run", small_rows()).parent, tmp_path)
    every = bundle.mutations(1, chance)
    assert len(every) > 1_500
    outcomes = measure(bundle, chance.sample(every, 150), None, lambda line: None)
    assert outcomes["missed"] == []
    assert len(outcomes["reported"]) >= 140
    assert not [m.field for m in outcomes["nothing claimed"] if m.field.startswith(SILENT)]


def test_each_place_is_changed_and_removed():
    value = {"a": [1, {"b": None}], "c": "x9", "d": True}
    places = dict(fields_of(value))
    assert places == {("a",): True, ("a", 0): True, ("a", 1): False, ("a", 1, "b"): True, ("c",): True, ("d",): True}

    def after(path, how):
        return changed(value, Mutation("f", 0, path, how))

    assert after(("a", 0), "changed") == {"a": [2, {"b": None}], "c": "x9", "d": True}
    assert after(("a", 1, "b"), "removed") == {"a": [1, {}], "c": "x9", "d": True}
    assert after(("c",), "changed")["c"] == "x0"
    assert after(("d",), "changed")["d"] is False
