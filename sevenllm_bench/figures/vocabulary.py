"""What everything is called in words, the same on pages, in tables and in JSON.

JSON keeps the identifiers ("en_mcq", "cannot tell") under `name` and the like, and has these words beside them.
"""

from __future__ import annotations

from sevenllm_bench.catalog import SECTIONS, Leaf, leaf_of_task
from sevenllm_bench.encoder_tasks.encoder_task import EncoderTask, encoder_task_by_name

#: What pages, charts and previews call the mean over the six sections; files and the command line call it "headline".
SCORE = "score"
LANGUAGE_NAMES = {"en": "English", "zh": "Chinese"}
KIND_NAMES = {"understanding": "understanding", "generation": "generation", "mcq": "multiple choice"}
#: English and Chinese name of the leaves that have no task.
_MCQ = ("Multiple choice", "选择题")

#: What the tasks are called that encoders can't run.
_LLM_TASK_NAMES: dict[str, str] = {
    "mcq-circular": "Multiple choice in every rotation",
    "mcq-circular-logprob": "Multiple choice in every rotation by log-likelihood",
    "stress": "Rows with noise",
}

#: Level of a figure, as a heading.
LEVEL_NAMES = {
    "overall": "Overall",
    "language": "By language",
    "kind": "By kind",
    "section": "By section",
    "task": "By task",
    "encoder task": "Further tasks",
    "encoder group": "Parts of further tasks",
}
#: What can be said of a run against the baseline, and the class of it in style sheets.
VERDICT_NAMES = {"better": "better", "worse": "worse", "cannot tell": "cannot tell"}

#: Metric to what it says, as an answer to "what is counted?".
METRIC_WORDS = {
    "headline": "the mean of value_f1, rouge_l and acc, each in English and in Chinese",
    "value_f1": "F1 of the extracted values: how many of the reference's are there, and how many that are not",
    "value_f1_norm": "value_f1 after differences in case, width and defanged dots are evened out",
    "json_valid": "share of answers in which JSON was found",
    "grounded": "share of the extracted values that the incident text supports",
    "rouge_l_paper": "ROUGE-L as the paper's authors computed it; not the same in both languages",
    "rouge_l": "ROUGE-L: how much of the reference's words an answer has, in their order",
    "invented_indicators": "share of the indicators in prose that neither text nor question has; lower is better",
    "acc": "share of questions with the right letter",
    "answered": "share of questions for which one letter could be read",
    "semantic": "similarity of meaning, by an embedding model",
    "semantic_f1": "the same, as F1 over parts of the answer and of the reference",
    "judge": "grade by an LLM, from 1 to 5",
    "judge_scored": "share of answers that the LLM could grade",
    "ndcg_at_10": "nDCG of the first ten texts found",
    "recall_at_1": "share of the right texts that are found first",
    "recall_at_5": "share of the right texts among the first five",
    "recall_at_10": "share of the right texts among the first ten",
    "mrr_at_10": "1 / rank of the first right text, among the first ten",
    "ranking_acc": "share of questions whose reference has the highest of ten scores",
    "ranking_mrr": "1 / rank of the reference among ten",
    "span_f1": "F1 of entities whose place and type are right",
    "span_f1_partial": "the same, with half a point for an overlap of the right type",
    "top_1": "share of hidden terms that are the likeliest",
    "top_5": "share of hidden terms among the likeliest five",
    "top_10": "share of hidden terms among the likeliest ten",
    "pseudo_log_likelihood": "log-likelihood of the hidden term, from -100 to 0",
    "circular_acc": "share of questions answered rightly in every rotation of the options",
    "stress_score": "value_f1 or rouge_l of a row whose text has noise, as in the score",
    "code_acc": "share of functions rightly called vulnerable or not",
}

#: What is said beside the score of whether it can be trusted, and what it says.
TRUST_WORDS = {
    "knowledge": "Multiple choice beside always giving the letter that is right most often",
    "grounded": "Values that the incident text supports, beside those of the references",
    "circular": "Multiple choice with the options in every order",
    "noise_drop": "Score less the score on the same rows with noise in their texts",
    "probe": "Whether tests found that the model has seen the rows",
    "audited": "Score on the rows that a reader found sound",
}
#: The tests of a probe, as names of lines and cells.
PROBE_NAMES = {
    "reference-tokens": "tokens of references",
    "incident-tokens": "tokens of incident texts",
    "row-order": "order of the rows",
    "option-order": "order of the options",
    "incident-completion": "completed incident texts",
    "option-completion": "completed options",
}


def section_name(section: str) -> str:
    """A section in words: "en_mcq" is "English, multiple choice"."""
    language, _, kind = section.partition("_")
    return f"{LANGUAGE_NAMES.get(language, language)}, {KIND_NAMES.get(kind, kind)}"


def leaf_title(leaf: Leaf) -> tuple[str, str]:
    """English and Chinese name of a leaf's task: ("Threat Analysis", "威胁分析"), ("Multiple choice", "选择题")."""
    return (leaf.task.name, leaf.task.name_zh) if leaf.task else _MCQ


def task_title(task: EncoderTask) -> str:
    """An encoder task in words: "Answer ranking, English"."""
    words = _LLM_TASK_NAMES.get(task.kind) or task.kind.replace("-", " ").capitalize()
    return f"{words}, {LANGUAGE_NAMES[task.language]}" if task.language else words


def task_name(task: str) -> str:
    """A task of the harness in words: "sevenllm_en_threat_analysis" is "Threat Analysis, English".

    A variant has what makes it one behind: "Multiple choice, English (logprob)".
    """
    leaf = leaf_of_task(task)
    if leaf is None:
        encoder = encoder_task_by_name(task)
        return task_title(encoder) if encoder else task
    variant = "" if task == leaf.name else f" ({task.rpartition('-')[2]})"
    return f"{leaf_title(leaf)[0]}, {LANGUAGE_NAMES[leaf.language]}{variant}"


def figure_name(name: str) -> str:
    """A figure's identifier in words: "en_mcq.acc" is "English, multiple choice (acc)".

    Args:
        name: "headline"; a section, task or group of an encoder task with a metric behind "." or " "; or one of these without
            a metric. Anything else stays as it is.
    """
    scope, mark, metric = name.rpartition(" " if " " in name else ".")
    if mark and metric in METRIC_WORDS and (words := _scope_name(scope)):
        return f"{words} ({metric})"
    return _scope_name(name) or name


def _scope_name(scope: str) -> str:
    """A section, task or group of an encoder task in words; empty for anything else."""
    if scope in SECTIONS:
        return section_name(scope)
    if leaf_of_task(scope) or encoder_task_by_name(scope):
        return task_name(scope)
    return cell_name("encoder group", scope) if encoder_task_by_name(scope.partition(".")[0]) else ""


def cell_name(level: str, name: str) -> str:
    """What a figure is of, in words.

    Args:
        level: One of `figures.cells.LEVELS`.
        name: Name of the cell: a language, kind, section or task, "headline", or "TASK.GROUP" of an encoder task.
    """
    if level == "language":
        return LANGUAGE_NAMES.get(name, name)
    if level == "kind":
        return KIND_NAMES.get(name, name)
    if level == "section":
        return section_name(name)
    if level == "encoder group":
        task, _, group = name.partition(".")
        return f"{task_name(task)}: {group}"
    return task_name(name) if level in ("task", "encoder task") else name
