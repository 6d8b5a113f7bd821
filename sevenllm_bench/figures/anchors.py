"""What a headline over the official rows can be held against: what needs no model, and what published models have.

`tests/figures/test_anchors.py` computes all of them again from the official file and the published outputs.
"""

from __future__ import annotations

from sevenllm_bench.catalog import Language

#: The headline of a program without a model: "{}" where values are asked for, the incident's own text where prose is, and
#: always the letter that is right most often in its language (B in English, C in Chinese: 20 of 50 questions each).
WITHOUT_A_MODEL = 0.2158
#: Least and greatest headline of the twelve models whose answers the authors of the benchmark published, all tuned on its
#: training data.
PUBLISHED_MODELS = (0.5056, 0.5509)
#: Share of multiple-choice questions that chance answers right: all have four options.
CHANCE_MCQ = 0.25
#: Of the official questions of a language, the letter that is right most often, and the share that it is right in.
BEST_LETTER: dict[Language, tuple[str, float]] = {"en": ("B", 0.4), "zh": ("C", 0.4)}
#: Share of the same that choosing the longest option answers right.
LONGEST_OPTION: dict[Language, float] = {"en": 0.4517, "zh": 0.4533}
#: The better of the two in each language, in words, with its share.
BEST_WITHOUT_KNOWLEDGE: dict[Language, tuple[str, float]] = {
    language: max((f"always {letter}", share), ("longest option", LONGEST_OPTION[language]), key=lambda best: best[1])
    for language, (letter, share) in BEST_LETTER.items()
}
#: Share of the values of the references of a language's extraction that the incident text supports (`grounded`).
REFERENCE_GROUNDED: dict[Language, float] = {"en": 0.6117, "zh": 0.8384}
#: Share of the indicators in the references of a language's analysis that neither text nor question has.
REFERENCE_INVENTED: dict[Language, float] = {"en": 0.0, "zh": 0.01}
