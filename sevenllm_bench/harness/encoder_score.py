"""A score that lm-eval handles like a log-likelihood."""

from __future__ import annotations


class EncoderScore(float):
    """The score of a bi-encoder or cross-encoder for a context and a continuation; larger is better.

    It is no log-likelihood: there is nothing to divide by a length, and no probability to sum.
    """
