"""The benchmark as tasks of Inspect (`inspect eval sevenllm_bench/sevenllm_en`): the same rows, prompts, readings and metrics."""
