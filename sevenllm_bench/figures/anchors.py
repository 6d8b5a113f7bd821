"""What a headline over the official rows can be held against: what needs no model, and what published models have.

`tests/figures/test_anchors.py` computes both again from the official file and the published outputs.
"""

from __future__ import annotations

#: The headline of a program without a model: "{}" where values are asked for, the incident's own text where prose is, and
#: always the letter that is right most often in its language (B in English, C in Chinese: 20 of 50 questions each).
WITHOUT_A_MODEL = 0.2158
#: Least and greatest headline of the twelve models whose answers the authors of the benchmark published, all tuned on its
#: training data.
PUBLISHED_MODELS = (0.5056, 0.5509)
#: Share of multiple-choice questions that chance answers right: all have four options.
CHANCE_MCQ = 0.25
