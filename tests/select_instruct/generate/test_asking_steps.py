"""Select, instruct and repair over a loopback server whose replies the test writes."""

import json
import pickle
from collections import Counter

import pytest
from llm.server import FakeOpenAI, Sent
from select_instruct.generate.asked_models import CHINESE, ENGLISH, code_of, section, text, with_code

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.select_instruct.corpus_records import CheckFinding, Draft, Excerpt, document_of, record_of
from sevenllm_bench.select_instruct.generate.instruct_step import WriteRows
from sevenllm_bench.select_instruct.generate.model_calls import BudgetReachedError, ModelCalls
from sevenllm_bench.select_instruct.generate.repair_step import RepairRows
from sevenllm_bench.select_instruct.generate.select_step import SelectTasks
from sevenllm_bench.select_instruct.quality import draft_checks
from sevenllm_bench.select_instruct.settings.build_config import QualitySection, SelectSection


def picked(*tasks):
    return [{"task": task, "thought": f"why {task}"} for task in tasks]


def select_reply(body):
    lists = {
        "extraction": picked(
            "Key Entities Recognition", "Cooking Advice", "Time Element Acquisition", "Time Element Acquisition"
        ),
        "generation": picked("Summary Generation", "Vulnerability Information Extraction"),
        "mcq": picked("Threat Analysis"),
    }
    return with_code(body, **lists)


PASSAGE = ENGLISH.split("\n\n")[1]


def row_reply(body):
    parts = {"instruction": "Find it.", "input": PASSAGE, "thought": "It is stated."}
    system = body["messages"][0]["content"]
    if '"wrong"' in system:
        wrong = ["192.0.2.1", "198.51.100.2", "203.0.113.3"]
        return with_code(body, question="Which address?", input=PASSAGE, thought="As said.", right="192.0.2[.]17", wrong=wrong)
    return with_code(body, **parts, answer={"day": "4 May 2031"} if '"answer": {' in system else "It was on 4 May 2031.")


def reply_of(body):
    return select_reply(body) if '"extraction"' in body["messages"][0]["content"] else row_reply(body)


def rejected(folder, step):
    lines = (folder / "rejected" / step / "00000.jsonl").read_text().splitlines()
    return [(record["check"], record["reason"]) for record in map(json.loads, lines)]


def run(step, records):
    return list(step.run(iter([document_of(record) for record in records])))


def select(server, folder, texts, **changes):
    step = SelectTasks(section(server.url, **changes), SelectSection(), str(folder), folder / "rejected")
    return [record_of(document, Excerpt) for document in run(pickle.loads(pickle.dumps(step)), texts)]


def write(server, folder, excerpts, seed=0, **changes):
    step = WriteRows(section(server.url, **changes), str(folder), folder / "rejected", seed)
    return [record_of(document, Draft) for document in run(pickle.loads(pickle.dumps(step)), excerpts)]


def test_tasks_are_picked_with_names_repaired_refused_and_counted(tmp_path):
    with FakeOpenAI(answer=reply_of) as server:
        (excerpt,) = select(server, tmp_path, [text()])
    assert excerpt.id == "00000000000000aa#1"
    assert [(choice.kind, choice.task) for choice in excerpt.choices] == [
        ("understanding", "Key Entity Recognition"),
        ("understanding", "Time Element Acquisition"),
        ("understanding", "Vulnerability Information Extraction"),  # of the catalogue's kind, though in the other list
        ("generation", "Summary Generation"),
        ("mcq", "Threat Analysis"),
    ]
    assert excerpt.choices[0].thought == "why Key Entities Recognition"
    (call,) = excerpt.calls
    assert (call.step, call.model, call.prompt, call.tokens_in, call.tokens_out) == ("select", "m", "select-en 2", 100, 10)
    assert rejected(tmp_path, "select") == [("task name", "'Cooking Advice' is none of the 28 tasks")]


def test_a_text_for_which_nothing_fits_is_left_out(tmp_path):
    with FakeOpenAI(answer=lambda body: with_code(body, extraction=[], generation=[], mcq=[])) as server:
        assert select(server, tmp_path, [text()]) == []
    assert rejected(tmp_path, "select") == [("no task", "the model found no task that fits this text")]


def test_long_texts_share_one_quota_over_their_excerpts(tmp_path):
    long = text("\n\n".join([ENGLISH] * 12))
    step = SelectTasks(
        section("http://x/v1"), SelectSection(excerpt_characters=3000, max_excerpts=3), str(tmp_path), tmp_path / "rejected"
    )
    with FakeOpenAI(answer=reply_of) as server:
        step.model = section(server.url)
        excerpts = [record_of(document, Excerpt) for document in run(step, [long])]
    tasks = Counter((choice.kind, choice.task) for excerpt in excerpts for choice in excerpt.choices)
    assert set(tasks.values()) == {1}
    assert Counter(kind for kind, _ in tasks) == {"understanding": 3, "generation": 1, "mcq": 1}
    assert [excerpt.id[-2:] for excerpt in excerpts] == ["#1", "#2", "#3"]


def test_a_request_that_fails_leaves_its_text_out_and_no_other(tmp_path):
    def script(body, number):
        flagged = "纸灯组织" in body["messages"][1]["content"]
        return Sent(400, {"error": {"message": "flagged", "code": "content_filter"}}) if flagged else None

    with FakeOpenAI(answer=reply_of, script=script) as server:
        excerpts = select(server, tmp_path, [text(), text(CHINESE, "zh", "00000000000000bb")])
    assert [excerpt.text_id for excerpt in excerpts] == ["00000000000000aa"]
    assert [check for check, _ in rejected(tmp_path, "select")] == ["task name", "no-reply"]
    assert "flagged" in rejected(tmp_path, "select")[1][1]


def test_each_choice_becomes_a_draft(tmp_path):
    with FakeOpenAI(answer=reply_of) as server:
        excerpts = select(server, tmp_path, [text()])
        drafts = write(server, tmp_path, excerpts)
        assert {body["response_format"]["json_schema"]["name"] for body in server.bodies} == {"tasks", "row", "question"}
    assert [draft.id for draft in drafts] == [
        "00000000000000aa#1/understanding/key_entity_recognition",
        "00000000000000aa#1/understanding/time_element_acquisition",
        "00000000000000aa#1/understanding/vulnerability_information_extraction",
        "00000000000000aa#1/generation/summary_generation",
        "00000000000000aa#1/mcq/threat_analysis",
    ]
    first, prose, question = drafts[0], drafts[3], drafts[4]
    assert (first.output, first.input, first.category) == ({"day": "4 May 2031"}, PASSAGE, "Key Entity Recognition")
    assert prose.output == "It was on 4 May 2031."
    assert question.instruction == "Which address?"
    assert sorted(question.choices) == ["A", "B", "C", "D"]
    assert question.choices[question.output] == "192.0.2[.]17"
    assert [call.step for call in first.calls] == ["select", "instruct"]
    assert first.calls[1].prompt == "instruct-understanding-en 2"
    assert {draft.excerpt for draft in drafts} == {ENGLISH}


def test_letters_and_wordings_vary_with_the_seed_and_never_with_the_run(tmp_path):
    with FakeOpenAI(answer=reply_of) as server:
        excerpts = [select(server, tmp_path, [text(id_=f"{number:016x}")])[0] for number in range(40)]
        letters = [draft.output for draft in write(server, tmp_path, excerpts) if draft.kind == "mcq"]
        again = [draft.output for draft in write(server, tmp_path / "again", excerpts) if draft.kind == "mcq"]
        other = [draft.output for draft in write(server, tmp_path, excerpts, seed=1) if draft.kind == "mcq"]
        users = [body["messages"][1]["content"] for body in server.bodies]
    assert letters == again != other
    assert min(Counter(letters)[letter] for letter in "ABCD") >= 3
    assert len({user.split("Wording: ")[1].splitlines()[0] for user in users if "Task: Summary" in user}) == 6


def test_rows_that_fail_are_left_out_with_their_reason(tmp_path):
    def answer(body):
        return "I'm sorry." if "Task: Summary Generation" in body["messages"][1]["content"] else reply_of(body)

    with FakeOpenAI(answer=answer) as server:
        drafts = write(server, tmp_path, select(server, tmp_path, [text()]))
        assert server.calls.total() == 1 + 4 + 3  # the first reply and two more for the one that fails
    assert [draft.kind for draft in drafts] == ["understanding"] * 3 + ["mcq"]
    assert rejected(tmp_path, "instruct") == [("model", "it holds no JSON object")]


def test_records_of_chunks_stay_in_order_and_a_budget_stops_with_what_is_answered_kept(tmp_path):
    texts = [text(id_=f"{number:016x}", content=f"{ENGLISH}\n\nNumber {number}.") for number in range(40)]
    with FakeOpenAI(answer=reply_of) as server:
        with pytest.raises(BudgetReachedError):
            select(server, tmp_path, texts, price="1/1", budget_usd=0.006, concurrency=2)
        asked = server.calls.total()
        assert 0 < asked < 40
        excerpts = select(server, tmp_path, texts, price="1/1", budget_usd=1.0, concurrency=2)
        assert server.calls.total() == 40
        assert set(server.calls.values()) == {1}
        account = ModelCalls(section(server.url, price="1/1"), str(tmp_path)).account()
    assert [excerpt.text_id for excerpt in excerpts] == [one.id for one in texts]
    assert account.calls == 40


def test_equal_excerpts_are_one_call(tmp_path):
    with FakeOpenAI(answer=reply_of) as server:
        excerpts = select(server, tmp_path, [text(id_="00000000000000aa"), text(id_="00000000000000bb")])
        assert server.calls.total() == 1
    assert [excerpt.text_id for excerpt in excerpts] == ["00000000000000aa", "00000000000000bb"]


def test_a_server_that_is_down_ends_the_step_with_one_error_and_rejects_nothing(tmp_path):
    with FakeOpenAI(answer=reply_of) as server:
        pass
    with pytest.raises(ConfigError):
        select(server, tmp_path, [text()])
    assert not (tmp_path / "rejected" / "select" / "00000.jsonl").exists()


@pytest.fixture
def checked(monkeypatch):
    """Drafts that say "4 May" in their answer are faulty; how often each was checked."""
    seen = Counter()

    def check_draft(draft, settings):
        seen[draft.id] += 1
        wrong = "4 May" in json.dumps(draft.output)
        findings = (CheckFinding(check="grounding", reason="4 May is not in the input"),) if wrong else ()
        return draft.model_copy(update={"findings": findings})

    monkeypatch.setattr(draft_checks, "check_draft", check_draft)
    return seen


def repair(server, folder, drafts):
    step = RepairRows(section(server.url), QualitySection(), str(folder), folder / "rejected")
    return [record_of(document, Draft) for document in run(pickle.loads(pickle.dumps(step)), drafts)]


def test_faulty_rows_are_told_what_was_found_and_asked_again_once(tmp_path, checked):
    def answer(body):
        if len(body["messages"]) == 4:
            return reply_of(body).replace("4 May 2031", "9 May 2031")
        return reply_of(body)

    with FakeOpenAI(answer=answer) as server:
        drafts = write(server, tmp_path, select(server, tmp_path, [text()]))
        before = server.calls.total()
        repaired = repair(server, tmp_path, drafts)
        assert server.calls.total() - before == 4  # the question was sound
        told = server.bodies[-1]["messages"]
    assert [draft.id for draft in repaired] == [draft.id for draft in drafts]
    assert [draft.repaired for draft in repaired] == [True] * 4 + [False]
    assert all(draft.findings == () for draft in repaired)
    assert repaired[0].output == {"day": "9 May 2031"}
    assert [call.step for call in repaired[0].calls] == ["select", "instruct", "repair"]
    assert [message["role"] for message in told] == ["system", "user", "assistant", "user"]
    assert json.loads(told[2]["content"])["code"] == code_of({"messages": told})
    assert "4 May is not in the input" in told[3]["content"]
    assert max(checked.values()) == 2


def test_rows_that_stay_faulty_pass_on_with_what_was_found(tmp_path, checked):
    with FakeOpenAI(answer=reply_of) as server:
        drafts = write(server, tmp_path, select(server, tmp_path, [text()]))
        repaired = repair(server, tmp_path, drafts)
    assert [len(draft.findings) for draft in repaired] == [1] * 4 + [0]
    assert repaired[0].repaired


def test_a_row_without_a_good_second_reply_stays_as_it_was(tmp_path, checked):
    def answer(body):
        return "no" if len(body["messages"]) > 2 else reply_of(body)

    with FakeOpenAI(answer=answer) as server:
        drafts = write(server, tmp_path, select(server, tmp_path, [text()]))
        repaired = repair(server, tmp_path, drafts)
    assert [(draft.repaired, draft.output) for draft in repaired] == [(False, draft.output) for draft in drafts]
    assert repaired[0].findings[0].check == "grounding"
    assert [call.step for call in repaired[0].calls] == ["select", "instruct", "repair"]


def test_a_repaired_question_keeps_letters_that_follow_from_its_id(tmp_path, monkeypatch):
    finding = CheckFinding(check="length", reason="the thought is too short")
    monkeypatch.setattr(draft_checks, "check_draft", lambda draft, _: draft.model_copy(update={"findings": (finding,)}))
    with FakeOpenAI(answer=reply_of) as server:
        drafts = [draft for draft in write(server, tmp_path, select(server, tmp_path, [text()])) if draft.kind == "mcq"]
        (repaired,) = repair(server, tmp_path, drafts)
        told = json.loads(server.bodies[-1]["messages"][2]["content"])
    assert repaired.choices[repaired.output] == "192.0.2[.]17"
    assert told["right"] == "192.0.2[.]17"
    assert sorted(told["wrong"]) == ["192.0.2.1", "198.51.100.2", "203.0.113.3"]
