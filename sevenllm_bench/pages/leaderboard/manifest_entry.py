"""A bundle to an entry of the leaderboard: its manifest, and the values of its rows. Nothing is unpacked or executed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sevenllm_bench.errors import ResultsError
from sevenllm_bench.io.given_address import why_no_address
from sevenllm_bench.pages.leaderboard.board_cache import BoardCache
from sevenllm_bench.pages.leaderboard.bundle_members import members_of
from sevenllm_bench.pages.leaderboard.bundle_rows import BundleRows, bundle_rows
from sevenllm_bench.pages.leaderboard.claim import Claim, time_of
from sevenllm_bench.pages.leaderboard.entry import Entry
from sevenllm_bench.pages.leaderboard.manifest_figures import OTHER_IN_VERSION_1, claimed_figures, derived_figures
from sevenllm_bench.pages.leaderboard.recorded_beside import recorded_beside
from sevenllm_bench.pages.leaderboard.standing import why_refused
from sevenllm_bench.pages.leaderboard.trust_of_claim import trust_of
from sevenllm_bench.runs.model_name import identity_of
from sevenllm_bench.runs.protocol import protocol_words
from sevenllm_bench.runs.untrusted import finite
from sevenllm_bench.submission.copies import like_references, sketches_in
from sevenllm_bench.submission.manifest import read_unverified
from sevenllm_bench.text.unicode import encodable

#: Of a sha256, in the short name of a submission.
_ID_DIGITS = 12


def short_id(sha256: str) -> str:
    """The name of a submission in addresses and in JSON: the same in every build, since it comes from the content alone."""
    return sha256[:_ID_DIGITS]


def entry_of_bundle(path: Path, sha256: str, cache: BoardCache, now: datetime) -> Entry:
    """The entry of a bundle.

    Args:
        path: The zip file.
        sha256: Its hash.
        cache: Where the values of its rows are kept.
        now: The time.

    Raises:
        ResultsError: It can't be read, or its manifest has no figures.
    """
    manifest = read_unverified(path)
    if not isinstance(manifest.get("figures"), list):
        raise ResultsError(f"{path}: its manifest has no figures")
    rows = _shown_rows(bundle_rows(path, sha256, manifest, cache), manifest)
    beside = recorded_beside(path, sha256, manifest, cache)
    claim = Claim(manifest, claimed_figures(manifest), rows, members_of(path), beside)
    return replace(entry_of_manifest(claim, now), path=str(path), id=short_id(sha256))


def entry_of_manifest(claim: Claim, now: datetime) -> Entry:
    """The entry of what a bundle claims, still without its place and its id.

    Args:
        claim: What it says.
        now: The time.
    """
    rows = claim.rows
    figures = derived_figures(claim.figures, rows.figures if rows else {})
    return replace(
        _entry(claim.manifest),
        figures=figures,
        trust=trust_of(claim, figures, now),
        row_scores=rows.scores if rows else {},
        refused=why_refused(claim, now),
    )


def _shown_rows(rows: BundleRows | None, manifest: Mapping[str, Any]) -> BundleRows | None:
    """The rows without the figures that aren't shown of bundles of version 1."""
    if rows is None or manifest.get("version") != 1:
        return rows
    shown = {name: value for name, value in rows.figures.items() if name.partition(".")[0] not in OTHER_IN_VERSION_1}
    return replace(rows, figures=shown)


def _entry(manifest: Mapping[str, Any]) -> Entry:
    declared, model, tasks = (_object(manifest, name) for name in ("submission", "model", "tasks"))
    repository = _text(declared.get("repository"))
    identity = identity_of(_text(model.get("name")) or "unnamed", model.get("arguments"))
    moment = _moment(manifest.get("date")) or _moment(manifest.get("created"))
    return Entry(
        name=identity.named(repository) if repository else identity.name,
        repository=repository,
        revision=_known(declared.get("revision")) or _known(model.get("sha")) or _known(model.get("revision")),
        date=moment[:10],
        moment=moment,
        by=_known(declared.get("organization")),
        protocol=protocol_in_words(protocol_words(model.get("arguments"), _object(manifest, "settings"), tasks)),
        command=_text(manifest.get("command"), 20_000),
        source=_text(model.get("source")),
        sketches=sketches_in(manifest),
        like_references=like_references(manifest),
        cost=cost_of(_object(task, "cost") for task in tasks.values() if isinstance(task, dict)),
        notes=_text(declared.get("notes"), 500),
        source_url=web_address(declared.get("source_url")),
    )


def web_address(value: Any) -> str:
    """An address of the web (http or https); empty for anything else, which a page must not lead to."""
    text = _text(value, 500)
    return text if text and not why_no_address(text, is_folder=False) else ""


def _object(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: Any, most: int = 300) -> str:
    return encodable(value)[:most] if isinstance(value, str) else ""


def _known(value: Any) -> str:
    text = _text(value)
    return "" if text == "unknown" else text


def _moment(value: Any) -> str:
    """An ISO time as UTC to the second, so that texts compare as times; empty for anything else."""
    time = time_of(value)
    return time.isoformat(timespec="seconds") if time else ""


def cost_of(costs: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """What the encoder task with the most texts cost; empty where no task says it."""
    most = max(costs, key=lambda cost: finite(cost.get("texts")) or 0.0, default={})
    known = {name: finite(most.get(name)) for name in ("parameters", "texts_per_second", "peak_memory_bytes")}
    return {name: value for name, value in known.items() if value is not None and 0 < value < 1e15}


def protocol_in_words(words: Sequence[str]) -> str:
    """A protocol in one line."""
    return ", ".join(words) or "unknown"
