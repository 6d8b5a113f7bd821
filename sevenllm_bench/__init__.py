"""SEvenLLM for lm-evaluation-harness: 28 cyber threat intelligence tasks in English and Chinese."""

__version__ = "0.1.0"
