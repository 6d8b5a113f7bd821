"""What `sevenllm-bench` alone prints: what it is, and the three commands to begin with."""

from __future__ import annotations

from sevenllm_bench import __version__

OVERVIEW = f"""\
sevenllm-bench {__version__}: SEvenLLM for lm-evaluation-harness,
28 cyber threat intelligence tasks in English and Chinese

Three commands to begin with:

  sevenllm-bench doctor
      says whether all that a run needs is there, and how to fix what is not

  sevenllm-bench eval --model hf --model_args pretrained=ORG/NAME \\
      --tasks sevenllm --output_path results --log_samples
      runs a model (add --limit 5 to try it on a few rows)

  sevenllm-bench report results -o report
      writes pages to look at: scores, intervals, every answer

All commands: sevenllm-bench --help
One of them, with examples: sevenllm-bench COMMAND --help
"""

#: As git does: the overview is no error message, but a script that lost its command must not go on as if it had run.
EXIT_CODE = 1
