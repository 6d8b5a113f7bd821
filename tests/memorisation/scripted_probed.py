"""A probed model without weights: functions in place of what it gives."""

import math


class ScriptedProbed:
    """Answers by functions; the constants of a model that gives everything."""

    def __init__(self, token_score=None, log_likelihood=None, completion=None, window=4096):
        self.identity = {
            "type": "scripted",
            "name": "scripted",
            "base": "scripted",
            "arguments": {},
            "commit": None,
            "chat_template": False,
        }
        self.window, self.truncated = window, 0
        self.has_logits, self.has_log_likelihoods = token_score is not None, log_likelihood is not None
        self._token_score, self._log_likelihood, self._completion = token_score, log_likelihood, completion

    def token_scores(self, pairs):
        return [self._token_score(*pair) for pair in pairs]

    def log_likelihoods(self, pairs):
        return [self._log_likelihood(*pair) for pair in pairs]

    def completions(self, prompts, max_tokens):
        return [self._completion(*prompt) for prompt in prompts]


def noise(*texts):
    """A number in [0, 1) that depends on nothing but the texts, alike on every machine."""
    import zlib

    return zlib.crc32("\n".join(texts).encode()) / 2**32


NOT_FINITE = (math.nan, math.inf, -math.inf)
