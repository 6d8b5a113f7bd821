"""The tasks over audited rows inside lm-eval."""

import pytest
from harness_tools import Scripted, against_references, evaluate, figures, gold

from sevenllm_bench.data.audit_records import load_audit
from sevenllm_bench.errors import ConfigError, DataError
from sevenllm_bench.harness.audited_task import AuditedTask
from sevenllm_bench.harness.options import read_options


@pytest.mark.data
def test_the_group_runs_the_sound_rows_of_each_section(data_dir, official_rows):
    official = {"dataset": "official", "data_dir": str(data_dir)}
    results = evaluate(Scripted(gold), "sevenllm-audited-zh", metadata=official, log_samples=True)
    for kind in ("understanding", "generation", "mcq"):
        name = f"sevenllm-audited-zh-{kind}"
        wanted = {row.id for row in official_rows if row.section == f"zh_{kind}"} & load_audit().sound
        assert {sample["doc"]["id"] for sample in results["samples"][name]} == wanted
        assert min(against_references(figures(results, name)).values()) == pytest.approx(1.0)
        assert "(audited rows)" in results["results"][name]["alias"]
        assert results["configs"][name]["metadata"]["sevenllm"]["signature"]["data"]["audit"] == load_audit().version
    assert set(results["groups"]) == {"sevenllm-audited-zh"}


@pytest.mark.data
def test_the_option_cuts_a_leaf_down(data_dir, official_rows):
    metadata = {"dataset": "official", "data_dir": str(data_dir), "rows": "audited"}
    results = evaluate(Scripted(gold), "sevenllm_en_mcq", metadata=metadata)
    wanted = [row for row in official_rows if row.leaf.name == "sevenllm_en_mcq" and row.id in load_audit().sound]
    assert results["n-samples"]["sevenllm_en_mcq"]["effective"] == len(wanted)
    empty = "sevenllm_zh_time_element_acquisition"
    assert not [row for row in official_rows if row.leaf.name == empty and row.id in load_audit().sound]
    with pytest.raises(DataError, match=f"no row of {empty} is among the audited ones; .* sevenllm-audited-zh"):
        evaluate(Scripted(gold), empty, metadata=metadata)


def test_rows_that_cannot_be_audited_are_refused():
    assert read_options({}).rows == "all"
    with pytest.raises(ConfigError, match="did you mean 'audited'"):
        read_options({"rows": "audit"})
    with pytest.raises(ConfigError, match="rows=audited chooses among the official rows"):
        read_options({"rows": "audited", "dataset": "embedded"})
    with pytest.raises(DataError, match="sevenllm_en_main_relation_extraction has no official rows"):
        evaluate(Scripted(gold), "sevenllm_en_main_relation_extraction", metadata={"dataset": "official", "rows": "audited"})
    with pytest.raises(ConfigError, match="unknown section 'en_mqc'; did you mean 'en_mcq'"):
        AuditedTask({"task": "x", "section": "en_mqc"})
