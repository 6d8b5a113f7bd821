"""One asynchronous client for OpenAI-compatible servers: retries, cache, budget, batches. The judge and the corpus use it."""
