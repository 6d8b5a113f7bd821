"""Processor time of `sevenllm-bench score` over that of jieba alone on the same texts: python tests/perf/bench_score.py ANSWERS

jieba alone: a process that imports jieba, reads its dictionary and segments the Chinese prose, references and answers. `score`
segments it twice, once for each ROUGE-L metric, and does everything else. SEVENLLM_DATA_DIR names the official data.
"""

from __future__ import annotations

import os
import subprocess
import sys

JIEBA = """
import json, logging, os, sys, warnings
warnings.simplefilter("ignore")
import jieba
jieba.setLogLevel(logging.WARNING)
tokenizer = jieba.Tokenizer()
tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
tokenizer.initialized = True
with open(os.path.join(os.environ["SEVENLLM_DATA_DIR"], "test.jsonl"), encoding="utf-8") as file:
    rows = [json.loads(line) for line in file]
with open(sys.argv[1], encoding="utf-8") as file:
    answers = {row["id"]: row["output"] for row in map(json.loads, file)}
for row in rows:
    if 301 <= row["id"] <= 600:
        for text in (row["output"], str(answers.get(row["id"], ""))):
            for _ in range(int(sys.argv[2])):
                list(tokenizer.cut(text))
"""


def processor_time(*words: str) -> float:
    """Least user and system time of a Python process in five runs, in seconds."""
    times = []
    for _ in range(5):
        before = os.times()
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        times.append(after.children_user - before.children_user + after.children_system - before.children_system)
    return min(times)


if __name__ == "__main__":
    score = processor_time("-m", "sevenllm_bench.cli.main", "score", sys.argv[1])
    for passes, name in ((1, "once"), (2, "twice")):
        alone = processor_time("-c", JIEBA, sys.argv[1], str(passes))
        print(f"score {score:.2f} s, jieba alone with every text segmented {name} {alone:.2f} s: ratio {score / alone:.2f}")
