"""Which task of the catalogue a model means by a name."""

from __future__ import annotations

import re

from sevenllm_bench.catalog import TASKS, Task
from sevenllm_bench.errors import nearest

#: Least similarity of a name to the catalogue's, from 0 to 1: "Threat Assessment" is no "Risk Assessment".
_NEAR = 0.85
_BESIDES = re.compile(r"[（(【\[].*?[)）】\]]|^\W*(?:task|任务)?\s*\d{1,2}\W+|[\"'“”‘’`*]")
_SEPARATORS = re.compile(r"[\s_/–—-]+")


def task_meant(name: str) -> tuple[Task | None, bool]:
    """The task that `name` stands for, and whether the name had to be repaired.

    A name of the catalogue counts in either language, whatever its case, hyphens and numbering; else the nearest one counts
    where it is nearly the same. None where it is none of the 28.
    """
    given = name.strip()
    exact = next((task for task in TASKS if given in (task.name, task.name_zh)), None)
    if exact:
        return exact, False
    plain = _plain(given[:200])
    known = {_plain(spelling): task for task in TASKS for spelling in (task.name, task.name_zh)}
    found = known.get(plain) or known.get(nearest(plain, known, _NEAR) or "")
    return found, found is not None


def _plain(name: str) -> str:
    # The two Chinese words for extraction are used for one another.
    return _SEPARATORS.sub(" ", _BESIDES.sub("", name)).strip().casefold().replace("提取", "抽取")
