"""Hard negatives: texts of other incidents that resemble what a query asks for, by a model's vectors or by BM25."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sevenllm_bench.corpus.selection import ranked
from sevenllm_bench.errors import DataError
from sevenllm_bench.finetune.encoder_training.incident_pairs import Pair
from sevenllm_bench.finetune.output.run_folder import write_json
from sevenllm_bench.text.segment import words

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

#: Candidates that a search gives per negative: most of the first ones are of the query's own incident.
_DEPTH = 10


def mined(
    pairs: Sequence[Pair], count: int, miner: SentenceTransformer | None, relative_margin: float, seed: int, cache: Path
) -> list[list[str]]:
    """`count` texts of other incidents in the same language for each pair.

    Where fewer are found below the margin, texts of other incidents follow in an order that the seed decides.

    Args:
        pairs: The pairs that are trained on; negatives are texts of them.
        count: Negatives of each.
        miner: The model whose vectors find them; None for BM25.
        relative_margin: With a model: how far below the right text's similarity a negative's is, as a share of it.
        seed: Of the order in which missing ones are filled up.
        cache: A file that keeps what was found, for a run that goes on.

    Raises:
        DataError: A language has no two incidents.
    """
    key = _key(pairs, count, miner is None, relative_margin, seed)
    if (found := _cached(cache, key, len(pairs))) is not None:
        return found
    negatives: list[list[str]] = [[] for _ in pairs]
    for language in sorted({pair.language for pair in pairs}):
        places = [place for place, pair in enumerate(pairs) if pair.language == language]
        own = [pairs[place] for place in places]
        texts = _by_incident(own)
        if len(texts) < 2:
            raise DataError(
                f"the training pairs in {language} are of one incident, so there are no negatives; set pairs.negatives=0"
            )
        by_query = _by_model(own, texts, count, miner, relative_margin) if miner else _by_bm25(own, texts, count)
        for place in places:
            negatives[place] = _filled(pairs[place], by_query[pairs[place].query], texts, count, seed)
    write_json(cache, {"key": key, "negatives": negatives})
    return negatives


def _key(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _cached(cache: Path, key: str, count: int) -> list[list[str]] | None:
    try:
        content = json.loads(cache.read_text(encoding="utf-8"))
        found: list[list[str]] = content["negatives"]
        return found if content["key"] == key and len(found) == count else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _by_incident(pairs: Iterable[Pair]) -> dict[str, list[str]]:
    texts: dict[str, dict[str, None]] = defaultdict(dict)
    for pair in pairs:
        texts[pair.incident][pair.text] = None
    return {incident: list(found) for incident, found in sorted(texts.items())}


def _own_incidents(pairs: Iterable[Pair]) -> dict[str, set[str]]:
    """The incidents that a query is about: the same words can ask about several."""
    found: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        found[pair.query].add(pair.incident)
    return found


def _by_model(
    pairs: Sequence[Pair], texts: dict[str, list[str]], count: int, miner: SentenceTransformer, relative_margin: float
) -> dict[str, list[str]]:
    """By sentence-transformers' `mine_hard_negatives`, where all texts of a query's incidents are its positives."""
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives

    own = _own_incidents(pairs)
    rows = [(query, text) for query, incidents in own.items() for incident in sorted(incidents) for text in texts[incident]]
    dataset = Dataset.from_dict({"query": [query for query, _ in rows], "text": [text for _, text in rows]})
    found: dict[str, dict[str, None]] = {query: {} for query in own}
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bars
        triplets = mine_hard_negatives(
            dataset,
            miner,
            anchor_column_name="query",
            positive_column_name="text",
            num_negatives=count,
            relative_margin=relative_margin,
            sampling_strategy="top",
            output_format="triplet",
            verbose=False,
        )
    for query, negative in zip(triplets["query"], triplets["negative"], strict=True):
        found[query][negative] = None
    return {query: list(negatives) for query, negatives in found.items()}


def _by_bm25(pairs: Sequence[Pair], texts: dict[str, list[str]], count: int) -> dict[str, list[str]]:
    import bm25s

    own = _own_incidents(pairs)
    documents = [(incident, text) for incident, several in texts.items() for text in several]
    index = bm25s.BM25()
    index.index([words(text) or [""] for _, text in documents], show_progress=False)
    depth = min(len(documents), count * _DEPTH)
    found = {}
    for query, incidents in own.items():
        places, _ = index.retrieve([words(query) or [""]], k=depth, show_progress=False)
        found[query] = [documents[place][1] for place in places[0].tolist() if documents[place][0] not in incidents]
    return found


def _filled(pair: Pair, found: Sequence[str], texts: dict[str, list[str]], count: int, seed: int) -> list[str]:
    """Exactly `count` negatives: those found, then others, then the same again."""
    chosen = list(dict.fromkeys(found))[:count]
    if len(chosen) < count:
        others = [text for incident, several in texts.items() if incident != pair.incident for text in several]
        digest = int.from_bytes(hashlib.blake2b(pair.query.encode("utf-8", "surrogatepass"), digest_size=4).digest())
        order = ranked(list(range(len(others))), f"negatives {digest}", seed)
        chosen += [others[place] for place in order if others[place] not in chosen][: count - len(chosen)]
    return [chosen[place % len(chosen)] for place in range(count)]
