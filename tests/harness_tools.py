"""A scripted model and a short way to evaluate it inside lm-eval."""

from lm_eval import simple_evaluate
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from sevenllm_bench.harness.launch import SEvenLLMTaskManager
from sevenllm_bench.metrics.registry import ADDED_LATER


class Scripted(LM):
    """A model that answers from a function of the row and keeps the prompts it saw."""

    tokenizer_name = "scripted"

    def __init__(self, answer):
        super().__init__()
        self.answer = answer
        self.prompts: list[str] = []

    def generate_until(self, requests: list[Instance], disable_tqdm=False):
        self.prompts += [request.args[0] for request in requests]
        self.arguments = [request.args[1] for request in requests]
        return [self.answer(request.doc) for request in requests]

    def loglikelihood(self, requests, disable_tqdm=False):
        self.prompts += [request.args[0] for request in requests]
        return [(0.0 if request.args[1].strip() == self.answer(request.doc) else -9.0, False) for request in requests]

    def loglikelihood_rolling(self, requests, disable_tqdm=False):
        raise NotImplementedError

    def apply_chat_template(self, chat_history, add_generation_prompt=True):
        return "".join(f"<{turn['role']}>{turn['content']}" for turn in chat_history) + "<assistant>"


def evaluate(model, *tasks, metadata=None, **arguments):
    manager = SEvenLLMTaskManager(metadata={"dataset": "embedded", **(metadata or {})})
    return simple_evaluate(
        model=model, tasks=manager.match_tasks(list(tasks)), task_manager=manager, bootstrap_iters=0, **arguments
    )


def gold(doc):
    return doc["output"]


def figures(results, task):
    return {
        name.removesuffix(",none"): value
        for name, value in results["results"][task].items()
        if name.endswith(",none") and "stderr" not in name
    }


def against_references(found):
    """Of a task's figures those that compare with the reference: gold answers score 1 in them."""
    return {name: value for name, value in found.items() if name not in ADDED_LATER}
