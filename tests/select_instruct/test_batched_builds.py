"""Builds in batch mode: the same corpus as by live calls, in as many runs as there are questions that follow on one another."""

import json
from collections import Counter

import pytest
from building import REPORTS, ScriptedModel, begin, build, config_file, results
from llm.server import FakeOpenAI

from sevenllm_bench.cli.corpus_build import WAITING

pytestmark = pytest.mark.slow
#: Select; write; repair. Nothing else is asked where no first reply is unusable.
ROUNDS = 3
SMALL = {
    "sources": [str(path) for path in sorted(REPORTS.glob("*/*.md"))],
    "select": {"extraction": 1, "generation": 1, "mcq": 1},
    "executor": {"shards": 3},
}


class ScriptedBatches(FakeOpenAI):
    """The scripted model of the examples behind chat calls and batches alike."""

    def __init__(self, **options):
        self.scripted = ScriptedModel(flawed=0.2)
        self.scripted._server.server_close()
        super().__init__(**options)

    def completion(self, body, fault=None):
        return self.scripted.completion(body)


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    """A build by live calls: its files, the questions, and the account."""
    folder = tmp_path_factory.mktemp("live")
    with ScriptedBatches() as server:
        build(config_file(folder, server.url, **SMALL))
        return results(folder / "corpus"), server.scripted.calls, account(folder)


def account(folder):
    """Calls, tokens and cost in the account that the build keeps."""
    return json.loads((folder / "corpus" / "account.json").read_text("utf-8"))["models"]


def waits(config, *more):
    """Run a build that may have to wait; whether it did, and what it said."""
    done = begin(config, *more).finish()
    assert done.returncode in (0, WAITING), done.stdout + done.stderr
    return done.returncode == WAITING, done.stdout


def test_the_same_corpus_and_account_and_all_shards_are_submitted_at_once(live, tmp_path):
    files, asked, spent = live
    with ScriptedBatches(batch_polls=1) as server:
        config = config_file(tmp_path, server.url, model={"batch": True, "budget_usd": 5}, **SMALL)
        runs, submitted = 1, []
        while (waited := waits(config))[0]:
            runs += 1
            submitted.append(len(server.batches))
            assert "requests are submitted as batches; run the same command again later (0 of " in waited[1]
        assert submitted[0] == 3, "one for each shard"
        assert not server.bodies, "no chat calls"
        assert server.scripted.calls == asked
    assert results(tmp_path / "corpus") == files
    assert account(tmp_path) == spent
    assert ROUNDS + 1 <= runs <= ROUNDS + 3, "one more where a reply could not be used, for select and for write"


def test_kills_at_any_time_and_switching_the_mode_ask_nothing_twice(live, tmp_path):
    files, asked, _ = live
    with ScriptedBatches(batch_polls=2, delay=0.01) as server:
        config = config_file(tmp_path, server.url, model={"batch": True}, **SMALL)
        for seconds in (0.2, 0.4, 0.6, 0.8, 1.0, 1.2):
            running = begin(config)
            _ = running.finish() if running.ends_within(seconds) else running.kill()
        waits(config)
        while waits(config, "model.batch=false")[0]:
            pass
        assert server.scripted.calls == asked
        assert set(Counter(batch["input_file_id"] for batch in server.batches.values()).values()) == {1}
    assert results(tmp_path / "corpus") == files


def test_a_server_without_batches_is_one_message(tmp_path):
    with ScriptedModel() as model:
        config = config_file(tmp_path, model.url, model={"batch": True}, **SMALL)
        assert "model.batch: a job of Slurm can't wait" in build(config, "executor.kind=slurm", code=2)
        said = build(config, code=2)
        assert "error: model.batch: the server has no batch mode" in said
        build(config, "model.batch=false")
