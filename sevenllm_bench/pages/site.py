"""What every page shares: templates with escaping on, a content security policy, scripts and styles as files, data as JSON."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenllm_bench import __version__
from sevenllm_bench.errors import ConfigError
from sevenllm_bench.figures.rounding import shown, shown_difference
from sevenllm_bench.figures.vocabulary import SCORE
from sevenllm_bench.io.files import user_path
from sevenllm_bench.io.given_address import why_no_address
from sevenllm_bench.pages.charts.chart_file import chart_address, chart_file, shown_charts
from sevenllm_bench.pages.charts.preview import Preview
from sevenllm_bench.pages.page_names import brief, is_baseline, page_names
from sevenllm_bench.text.display import Piece, has_hidden, pieces, plain
from sevenllm_bench.text.unicode import encodable

if TYPE_CHECKING:
    from jinja2 import Environment

#: Nothing but our own files: no network, no inline script, no frame, no form. "self" covers the folder, also on file://.
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
#: Lists what a build wrote, so that the next one into the same folder can take it away first, and no other file.
MARKER = "made-by-sevenllm-bench.json"
#: What a build may write; a list from somebody else may name anything.
_OURS = re.compile(
    r"index\.html|leaderboard\.json|figures\.csv|differences\.csv|preview\.png|tasks/\w[\w.-]*\.(?:html|js)|submissions/\w[\w.-]*\.(?:html|js)|"
    r"charts/\w[\w.-]*\.svg|assets/\w[\w.-]*"
)
#: Writes a file from its beginning, and follows no link.
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
#: Folders of these.
_FOLDERS = ("assets", "charts", "submissions", "tasks")

#: Kinds of page that need an asset; those not named are for all.
_ONLY_FOR = {
    "bars.js": {"leaderboard"},
    "board.css": {"leaderboard"},
    "charts.css": {"report", "leaderboard"},
    "first.css": {"report"},
    "heat.css": {"report"},
    "heat.js": {"report"},
    "leaderboard.js": {"leaderboard"},
    "plot.css": {"report", "leaderboard"},
    "reader.js": {"report"},
    "review.css": {"review"},
    "review.js": {"review"},
    "rows.css": {"report", "review"},
    "rows.js": {"report"},
}


class Site:
    """A folder of pages being written."""

    def __init__(self, folder: str | Path, kind: str, url: str = "") -> None:
        """Open a folder: a new or empty one, or one that a build of the same kind wrote.

        Args:
            folder: Where to write.
            kind: "report", "leaderboard" or "review".
            url: Address at which the folder will be published, for link previews; empty where it isn't known.

        Raises:
            ConfigError: The folder has other files in it or can't be written, or the address is none.
        """
        if url and (why := why_no_address(url)):
            raise ConfigError(f"--site-url {plain(url, 80)}: an address such as https://example.org/pages/ was expected ({why})")
        self.folder = user_path(folder, ConfigError)
        self._url = f"{url.rstrip('/')}/" if url else ""
        self._preview: Preview | None = None
        self._kind = kind
        self._written: set[str] = set()
        self._made: set[Path] = set()
        self._environment = environment()
        self._clear()
        self._sheets = []
        for asset in sorted(files("sevenllm_bench.pages").joinpath("assets").iterdir(), key=lambda file: file.name):
            if kind not in _ONLY_FOR.get(asset.name, {kind}):
                continue
            self.write_bytes(f"assets/{asset.name}", asset.read_bytes())
            if asset.name.endswith(".css"):
                self._sheets.append(asset.name)
        self._sheets.sort(key=lambda name: (name != "style.css", name != "plot.css"))  # the others build on these

    def _clear(self) -> None:
        try:
            earlier = _written_before(self.folder, self._kind)
            for name in _FOLDERS:
                if (self.folder / name).is_symlink():
                    raise ConfigError(f"-o {self.folder}: {name} is a link in it; remove it, or name a new folder")
            for name in sorted(earlier, key=lambda name: name != "index.html"):  # no index to pages that are gone
                (self.folder / name).unlink(missing_ok=True)
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"-o {self.folder}: can't be written ({error.strerror or error})") from None

    def preview(self, shown: Preview) -> None:
        """Write the picture of links to the pages, and give pages written from now on its description."""
        self.write_bytes("preview.png", shown.picture())
        self._preview = shown

    def page(
        self,
        path: str,
        template: str,
        short: Mapping[str, str] | None = None,
        baseline: str | None = None,
        **values: Any,
    ) -> int:
        """Write a page, and a file of each chart on it.

        Args:
            path: Path in the folder, e.g. "tasks/x.html".
            template: Name of the template.
            short: Short names of what the macro `label` names, see `page_names`.
            baseline: The name that the macro `label` marks as the baseline.
            **values: What the template shows; a `description` of its own replaces that of `preview`.

        Returns:
            Bytes of the page.
        """
        description = {"description": self._preview.description if self._preview else ""}
        with page_names(short or {}, baseline), shown_charts() as charts:
            text = self._environment.get_template(template).render(
                root="../" * path.count("/"),
                policy=POLICY,
                baseline=baseline,
                sheets=self._sheets,
                version=__version__,
                preview=self._preview,
                site_url=self._url,
                path=path,
                **(description | values),
            )
        for chart in charts:
            self.write_bytes(chart_address(chart), chart_file(chart))
        return self.write_bytes(path, text.encode("utf-8", "replace"))

    def write_bytes(self, name: str, content: bytes) -> int:
        """Write a file of the folder, and return its size.

        Raises:
            ConfigError: It can't be written.
        """
        path = self.folder / name
        try:
            self.expect([name])
            if path.parent not in self._made:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._made.add(path.parent)
            _replace(path, content)
        except OSError as error:
            raise ConfigError(f"{path}: can't be written ({error.strerror or error})") from None
        return len(content)

    def expect(self, names: Iterable[str]) -> None:
        """List files before they are written: one by one, hundreds would be listed hundreds of times."""
        before = len(self._written)
        self._written.update(names)
        if len(self._written) > before:
            self._mark()

    def _mark(self) -> None:
        """List what is written, so that a build that was stopped can be made again."""
        content = {"sevenllm_bench": __version__, "kind": self._kind, "files": sorted(self._written)}
        half = self.folder / f".{MARKER}.part"
        _replace(half, json.dumps(content, indent=1).encode())
        half.replace(self.folder / MARKER)

    @property
    def index(self) -> Path:
        """The page to open."""
        return self.folder / "index.html"


def _replace(path: Path, content: bytes) -> None:
    """Write a file in the place of what is there, not through a link."""
    try:
        file = os.open(path, _WRITE, 0o666)
    except OSError as error:
        if error.errno != errno.ELOOP and not path.is_symlink():
            raise
        path.unlink()
        file = os.open(path, _WRITE, 0o666)
    with open(file, "wb", buffering=0) as opened:  # noqa: PTH123  (an open file)
        opened.write(content)


def _written_before(folder: Path, kind: str) -> list[str]:
    """The files of an earlier build in the folder.

    Raises:
        ConfigError: The folder holds something else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return []
    try:
        content = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        if content["kind"] == kind:
            return [name for name in map(str, content["files"]) if _OURS.fullmatch(name)]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass
    raise ConfigError(f"-o {folder}: not empty, and not a {kind} of this command; name a new folder")


def script_json(value: Any) -> str:
    """JSON that can be put into a script file or element: nothing in it ends the element, begins a comment or a line."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return encodable(text)


@cache
def environment() -> Environment:
    """The templates; every value is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("sevenllm_bench.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["score_word"] = SCORE
    made.tests["baseline"] = is_baseline
    made.filters["chart_address"] = chart_address
    made.filters |= {"visible": _markup, "cells": _cells, "plain": plain, "brief": brief, "script_json": _script}
    made.filters |= {"figure": shown, "difference": shown_difference}
    return made


def _markup(text: Any) -> Any:
    """Text as HTML: escaped, and what can't be seen spelled out."""
    from markupsafe import Markup, escape

    def one(piece: Piece) -> Markup:
        return Markup('<span class="spelled">{}</span>').format(piece.text) if piece.spelled else escape(piece.text)

    words = str(text)
    return Markup("").join(map(one, pieces(words))) if has_hidden(words) else escape(words.replace("\r\n", "\n"))


@lru_cache(1_024)
def _cells(texts: tuple[str, ...], numeric: tuple[bool, ...]) -> Any:
    """Cells of a table as HTML, those of numbers at the right; many pages share some."""
    from markupsafe import Markup

    classes = [Markup(' class="num"') if is_number else "" for is_number in numeric]
    return Markup("").join(Markup("<td{}>{}</td>").format(*cell) for cell in zip(classes, map(_markup, texts), strict=True))


def _script(value: Any) -> Any:
    from markupsafe import Markup

    return Markup(script_json(value))  # noqa: S704  (the text has no "<", ">" or "&")


def options(values: Iterable[str]) -> list[str]:
    """The different values of a filter, sorted; empty ones left out."""
    return sorted({value for value in values if value}, key=lambda value: (value.casefold(), value))


def heat(value: float | None, metric: str = "") -> str:
    """The class of a heat map's cell: 21 steps from 0 to 1 (`judge`: from 1 to 5)."""
    if value is None:
        return "none"
    share = (value - 1) / 4 if metric == "judge" else value
    return f"h{round(20 * min(1.0, max(0.0, share)))}"
