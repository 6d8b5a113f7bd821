"""From what a model wrote to what is scored: the final text, a JSON value, or a letter, with the reason when it fails.

Nothing here raises on a model's answer, whatever it is.
"""

from sevenllm_bench.answers.extraction import Extraction, is_cut, read_extraction
from sevenllm_bench.answers.final_text import final_text
from sevenllm_bench.answers.letter import read_letter

__all__ = ["Extraction", "final_text", "is_cut", "read_extraction", "read_letter"]
