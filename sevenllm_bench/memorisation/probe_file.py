"""Results of probes as JSON files: written, and read as what anybody may have written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sevenllm_bench.catalog import LANGUAGES
from sevenllm_bench.errors import ResultsError
from sevenllm_bench.memorisation.possible_probe import why_impossible
from sevenllm_bench.memorisation.probe_result import PROBES, ProbeResult, ProbeTest
from sevenllm_bench.runs.unknown import Unknown
from sevenllm_bench.runs.untrusted import Fields, Problems, finite, read_json
from sevenllm_bench.text.display import printable

FORMAT = "sevenllm-bench probe"
FORMAT_VERSION = 1
_MOST_TESTS = len(PROBES) * len(LANGUAGES)
_MOST_ENTRIES = 40


def probe_as_json(result: ProbeResult) -> dict[str, Any]:
    """A result as JSON values, with what follows from it (corrected p-values, detectable effects, findings) for readers."""
    tests = [
        {
            "name": test.name,
            "language": test.language,
            "units": test.units,
            "controls": test.controls,
            "effect": test.effect,
            "low": test.low,
            "high": test.high,
            "p": test.p,
            "error": test.error,
            "why_not": test.why_not,
            "left_out": dict(test.left_out),
            "details": dict(test.details),
            "p_holm": result.corrected[place],
            "detectable": result.detectable(place),
            "verdict": result.verdict(place),
            "finding": result.finding(place),
        }
        for place, test in enumerate(result.tests)
    ]
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "sevenllm_bench": result.package,
        "seed": result.seed,
        "resamples": result.resamples,
        "model": dict(result.model),
        "data": dict(result.data),
        "settings": dict(result.settings),
        "truncated": result.truncated,
        "summary": result.summary,
        "note": result.caution,
        "tests": tests,
    }


def read_probe(path: Path) -> ProbeResult:
    """Read a result. Corrected p-values, detectable effects and findings are computed again, whatever the file says.

    Raises:
        ResultsError: The file can't be read, is no result of a probe, is of a newer format, or holds a value that no probe
            gives, such as a p-value above 1 or an effect outside its interval.
    """
    return probe_of(read_json(path, strict=True), str(path))


def probe_of(content: Any, path: str) -> ProbeResult:
    """The same of what was read.

    Args:
        content: The JSON value that the file holds.
        path: Where the file is, for the error.

    Raises:
        ResultsError: As for `read_probe`.
    """
    try:
        return _result(content, path)
    except RecursionError:
        raise ResultsError(f"{path}: nested more deeply than a probe writes") from None


def _result(content: Any, path: str) -> ProbeResult:
    problems = Problems()
    whole = Fields(content, path, problems)
    if whole.values.get("format") != FORMAT:
        raise ResultsError(
            f"{path}: no result of sevenllm-bench probe; make one with: sevenllm-bench probe … -o {Path(path).name}"
        )
    if whole.whole("version") != FORMAT_VERSION:
        raise ResultsError(f"{path}: not version {FORMAT_VERSION} of the format; update sevenllm-bench, or probe again")
    entries = whole.values.get("tests")
    if not isinstance(entries, list) or len(entries) > _MOST_TESTS:
        raise ResultsError(f"{path}: tests: a list of at most {_MOST_TESTS} tests was expected")
    resamples = _whole(whole, "resamples")
    tests = tuple(_test(entry, f"{path}, test {place}", problems, resamples) for place, entry in enumerate(entries, 1))
    if len({(test.name, test.language) for test in tests}) < len(tests):
        raise ResultsError(f"{path}: a test comes twice")
    result = ProbeResult(
        package=_text(whole, "sevenllm_bench"),
        seed=_whole(whole, "seed"),
        resamples=resamples,
        model=_plain(whole, "model"),
        data=_plain(whole, "data"),
        settings=_plain(whole, "settings"),
        truncated=_whole(whole, "truncated"),
        tests=tests,
    )
    if found := problems.found():
        raise ResultsError(f"{found[0].where}: {found[0].detail}")
    return result


def _test(entry: Any, where: str, problems: Problems, resamples: int) -> ProbeTest:
    fields = Fields(entry, where, problems)
    name, language = fields.text("name"), fields.text("language")
    if name not in PROBES or language not in LANGUAGES:
        said = (repr(one) if isinstance(one, str) else "no name" for one in (name, language))
        raise ResultsError(f"{where}: {' in '.join(said)} is no test of a probe")
    fields = Fields(entry, f"{where} ({name}, {language})", problems)
    test = ProbeTest(
        name=name,  # type: ignore[arg-type]
        language=language,
        units=_whole(fields, "units"),
        controls=_whole(fields, "controls"),
        effect=_number(fields, "effect"),
        low=_number(fields, "low"),
        high=_number(fields, "high"),
        p=_number(fields, "p"),
        error=_number(fields, "error"),
        why_not=_text(fields, "why_not"),
        left_out=_counts(fields, "left_out"),
        details=_figures(fields, "details"),
    )
    if why := why_impossible(test, resamples):
        raise ResultsError(f"{fields.where}: {why}")
    return test


def _counts(fields: Fields, key: str) -> dict[str, int]:
    """Reasons with whole numbers, at most `_MOST_ENTRIES`."""
    own = fields.object(key)
    if len(own.values) > _MOST_ENTRIES:
        raise ResultsError(f"{own.where}: at most {_MOST_ENTRIES} whole numbers were expected")
    return {printable(name, 80): _whole(own, name) for name in own.values}


def _figures(fields: Fields, key: str) -> dict[str, float]:
    """Names with finite numbers, at most `_MOST_ENTRIES`."""
    own = fields.object(key)
    found = {printable(name, 80): finite(value) for name, value in own.values.items()}
    if len(found) > _MOST_ENTRIES or any(value is None for value in found.values()):
        raise ResultsError(f"{own.where}: at most {_MOST_ENTRIES} finite numbers were expected")
    return {name: value for name, value in found.items() if value is not None}


def _plain(fields: Fields, key: str) -> Mapping[str, Any]:
    """An object of texts, numbers, lists of them and such objects, cut to what a page can show."""
    return {printable(name, 80): _value(value) for name, value in list(fields.object(key).values.items())[:_MOST_ENTRIES]}


def _value(value: Any, depth: int = 0) -> Any:
    if isinstance(value, dict) and depth < 4:
        return {printable(name, 80): _value(item, depth + 1) for name, item in list(value.items())[:_MOST_ENTRIES]}
    if isinstance(value, list) and depth < 4:
        return [_value(item, depth + 1) for item in value[:_MOST_ENTRIES]]
    if value is None or isinstance(value, bool):
        return value
    number = finite(value)
    return printable(str(value), 400) if number is None else value


def _whole(fields: Fields, key: str) -> int:
    value = fields.whole(key)
    if isinstance(value, Unknown):
        raise ResultsError(f"{fields.where}: {printable(key, 80)}: a whole number of 0 or more was expected")
    return value


def _number(fields: Fields, key: str) -> float | None:
    value = fields.number(key)
    if isinstance(value, Unknown):
        raise ResultsError(f"{fields.where}: {key}: a finite number or null was expected")
    return value


def _text(fields: Fields, key: str) -> str:
    value = fields.text(key)
    if not isinstance(value, str):
        raise ResultsError(f"{fields.where}: {key}: a text was expected")
    return value
