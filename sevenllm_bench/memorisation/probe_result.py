"""The result of a probe: its tests, corrected together, with the words for each."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sevenllm_bench.catalog import Language
from sevenllm_bench.stats.one_sided import detectable
from sevenllm_bench.stats.paired import ALPHA, holm

ProbeName = Literal[
    "reference-tokens", "incident-tokens", "row-order", "option-order", "incident-completion", "option-completion"
]
Verdict = Literal["evidence", "difference", "none", "not made"]


@dataclass(frozen=True, slots=True)
class ProbeKind:
    """A kind of test.

    Attributes:
        seen: What the model would have seen, for sentences.
        unit: Unit of the effect.
        exact: Whether the test needs no control rows.
        needs: What the model must give: "logits", "log-likelihoods" or "text".
    """

    seen: str
    unit: str
    exact: bool
    needs: Literal["logits", "log-likelihoods", "text"]


_MIN_K = "Min-K%++ above the controls"
_ROUGE = "ROUGE-L above the controls"
_ORDERS = "standard deviations over the orders"
#: Every test, in the order in which they are made.
PROBES: Mapping[ProbeName, ProbeKind] = {
    "reference-tokens": ProbeKind("the reference answers, or texts of the same origin", _MIN_K, False, "logits"),
    "incident-tokens": ProbeKind("the incident texts, or texts of the same origin", _MIN_K, False, "logits"),
    "row-order": ProbeKind("the rows in the order of the file", _ORDERS, True, "log-likelihoods"),
    "option-order": ProbeKind("the multiple-choice questions with their options in order", _ORDERS, True, "log-likelihoods"),
    "incident-completion": ProbeKind("the incident texts, or texts of the same origin", _ROUGE, False, "text"),
    "option-completion": ProbeKind("the multiple-choice questions with their options in order", _ORDERS, True, "text"),
}
#: What to know of the tests of generated text, wherever their result is shown.
OF_COMPLETIONS = (
    "The tests of generated text have been shown to find only tiny models that had learnt the rows by heart, so their "
    "“no evidence” says little."
)


@dataclass(frozen=True, slots=True)
class ProbeTest:
    """One test in one language.

    Attributes:
        name: Which test, of `PROBES`.
        language: Of the rows.
        units: What is in the test: incidents of official rows, questions, or for "row-order" groups of neighbouring rows.
        controls: Incidents of control rows in the test; 0 for tests that need none.
        effect: In the unit of `PROBES`; above 0 where the model prefers what is in the benchmark. None where not made.
        low: Lower end of the 95 % interval of the effect; None where there is none.
        high: Its upper end.
        p: One-sided p-value, not corrected; None where the test was not made.
        error: Standard error of the effect.
        why_not: Why the test was not made.
        left_out: Reason to number of rows (or groups) that are not in the test.
        details: Further figures by name, e.g. the mean of the official rows and of the controls.
    """

    name: ProbeName
    language: Language
    units: int
    controls: int
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    error: float | None
    why_not: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ProbeResult:
    """What a probe found.

    Attributes:
        package: Version of this package.
        seed: Seed of everything random.
        resamples: Number of permutations and of bootstrap means.
        model: What identifies the model.
        data: What identifies the rows: "probed" and "control".
        settings: What else the figures depend on.
        truncated: Texts that were cut to the model's window.
        tests: The tests, in order.
    """

    package: str
    seed: int
    resamples: int
    model: Mapping[str, Any]
    data: Mapping[str, Any]
    settings: Mapping[str, Any]
    truncated: int
    tests: tuple[ProbeTest, ...]

    @functools.cached_property
    def corrected(self) -> tuple[float | None, ...]:
        """The p-value of each test after Holm's correction over all tests that were made."""
        return tuple(holm([test.p for test in self.tests]))

    @property
    def family(self) -> int:
        """Number of tests that were made."""
        return sum(test.p is not None for test in self.tests)

    def verdict(self, place: int) -> Verdict:
        """What the test at a place of `tests` found.

        "evidence": its corrected p-value is at most `ALPHA`, and style can't be the reason: it needs no controls, or a test of
        its language that needs none gives evidence too. "difference": at most `ALPHA`, in a test with controls alone, which
        differ from official rows in style. "none": above `ALPHA`. "not made": there is no p-value.
        """
        p, test = self.corrected[place], self.tests[place]
        if p is None:
            return "not made"
        if p > ALPHA:
            return "none"
        return "evidence" if PROBES[test.name].exact or test.language in self._by_order else "difference"

    @property
    def caution(self) -> str:
        """`OF_COMPLETIONS` where there is a test of generated text; else empty."""
        return OF_COMPLETIONS if any(PROBES[test.name].needs == "text" for test in self.tests) else ""

    @functools.cached_property
    def _by_order(self) -> frozenset[Language]:
        """Languages in which a test without controls gives evidence."""
        pairs = zip(self.tests, self.corrected, strict=True)
        return frozenset(test.language for test, p in pairs if p is not None and p <= ALPHA and PROBES[test.name].exact)

    def found(self, place: int) -> bool:
        """Whether the test at a place of `tests` gives evidence."""
        return self.verdict(place) == "evidence"

    def detectable(self, place: int) -> float | None:
        """The effect that a test finds with 80 % at the strictest level of Holm's correction; None where not made."""
        error = self.tests[place].error
        return None if error is None or not self.family else detectable(error, ALPHA / self.family)

    def finding(self, place: int) -> str:
        """What a test found, as a clause: "evidence that …", "differs from the controls …", "no evidence …", "not made: …"."""
        test, verdict, least = self.tests[place], self.verdict(place), self.detectable(place)
        if verdict == "evidence":
            return f"evidence that the model has seen {PROBES[test.name].seen}"
        if verdict == "difference":
            return "differs from the controls, as style alone can make it; no test of orders gives evidence in this language"
        if least is None:
            return f"not made: {test.why_not}"
        return f"no evidence found (this test finds an effect of {least:.2g} with 80 %)"

    @property
    def summary(self) -> str:
        """What the whole probe found, in one or two sentences."""
        verdicts = [self.verdict(place) for place in range(len(self.tests))]
        pairs = zip(self.tests, verdicts, strict=True)
        seen = dict.fromkeys(PROBES[test.name].seen for test, verdict in pairs if verdict == "evidence")
        apart = verdicts.count("difference")
        style = f" {apart} more" if seen else f" {apart}"
        style += " differs" if apart == 1 else " differ"
        more = f"{style} from the controls, as style alone can make it." if apart else ""
        if seen:
            return f"Evidence that the model has seen {'; '.join(seen)}.{more}"
        if not self.family:
            return "No test was made."
        tests = "1 test" if self.family == 1 else f"{self.family} tests"
        return f"No evidence found in {tests}; each says which effect it finds with 80 %.{more}"
