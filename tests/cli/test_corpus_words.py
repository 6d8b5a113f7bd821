"""The words of `sevenllm-bench corpus`: options may stand between the others, and what is unknown is an error of its action."""

import pytest

from sevenllm_bench.cli import corpus_build
from sevenllm_bench.cli.main import main


def test_options_may_stand_between_changes(monkeypatch):
    seen = []
    monkeypatch.setattr(corpus_build, "run", lambda arguments: seen.append(arguments) or 0)
    assert main(["corpus", "build", "--dry-run", "b.yaml", "seed=1", "--executor", "ray", "select.mcq=2"]) == 0
    [found] = seen
    assert (found.config, found.changes, found.dry_run, found.executor) == ("b.yaml", ["seed=1", "select.mcq=2"], True, "ray")


@pytest.mark.parametrize("words", [["build", "b.yaml", "--bogus"], ["collect", "a", "-o", "b", "--bogus"]])
def test_an_unknown_option_is_an_error_of_the_action(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(["corpus", *words])
    assert end.value.code == 2
    assert f"sevenllm-bench corpus {words[0]}: error: unknown option --bogus" in capsys.readouterr().err
