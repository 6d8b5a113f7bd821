"""Mutations of inputs that know their structure: JSON, JSON lines, YAML, zip files, files of every kind, and words."""

# ruff: noqa: E501

from __future__ import annotations

import copy
import io
import json
import os
import random
import shutil
import socket
import zipfile
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

DEEP: Any = []
for _ in range(300):
    DEEP = [DEEP]
#: Values that a field may not expect.
ODD = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**70), 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", " ", "x", "1", "-",
    "\x00", "\n\r\t", "\ud800", "\u202eabc", "é" * 3, "名", "a" * 10_000, "../../etc/passwd", "/dev/zero", "~nobody/x", "N/A", "none", "null",
    "2026-11-24T19-01-45.882114", "{}", "[]", "<script>", "%s%n", "{0}", "$(id)", [], {}, [None], [[]], {"": None}, {"a": {"a": {}}}, [1, "2", 3.0],
    ["x"] * 50, {"id": 1}, DEEP, list(range(300)),
)  # fmt: skip
#: Pieces of bytes that readers trip over.
BYTES = (
    b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", b"{", b"}", b"[" * 3000, b'"', b"\\", b"\\ud800", b"NaN", b"-Infinity", b"1e999",
    b"9" * 5000, b"PK\x03\x04", b"PK\x05\x06", b"&a *a", b"!!python/object:os.system", b"<<: ", b"\x1b[2J", b"\xed\xa0\x80", b"\x80", b"\t", b": ",
    b"version https://git-lfs.github.com/spec/v1\n", b"<!DOCTYPE html>",
)  # fmt: skip
#: None of these leads to a folder, outside of the case's own, that could be written to.
WORDS = (
    "", " ", "-", "--", "-1", "0", "1", "1e9", "nan", "x", "\x00", "a\nb", "\udcff", "名", "~", "~nobody-here/x", "/dev/null", "/dev/zero",
    "/dev/full", "/proc/self", "/proc/self/mem", "/proc/nowhere/x", "x" * 5000, "org/name", "org/name@main", "@", "a=b", "none", "default", "*", "{}", "[",
    "--json", "--help", "http://127.0.0.1:9", "sevenllm_en_mcq", "paper", "demo", "data.max_length=0", "model={}", "training.epochs=nan",
)  # fmt: skip


def mutate_bytes(content: bytes, chance: random.Random) -> bytes:
    """Cut, double, exchange or insert a stretch."""
    start, end = sorted(chance.choices(range(len(content) + 1), k=2))
    end = min(end, start + chance.choice((1, 8, 200, len(content))))
    kind = chance.randrange(6)
    if kind == 0:
        return content[:start] + content[end:]
    if kind == 1:
        return content[:end] + content[start:end] + content[end:]
    if kind == 2:
        return content[:start]
    if kind == 3:
        return content.decode("utf-8", "replace").encode(chance.choice(("utf-16", "utf-16-le", "utf-8-sig", "cp1252")), "replace")
    if kind == 4 and content:
        return bytes(byte ^ (1 << chance.randrange(8)) if chance.random() < 5 / len(content) else byte for byte in content)
    return content[:start] + chance.choice(BYTES) + content[start if chance.random() < 0.5 else end :]


def mutate_value(value: Any, chance: random.Random) -> Any:
    """A JSON value with one part of it changed."""
    value = copy.deepcopy(value)
    spots: list[tuple[Any, Any]] = []
    _collect(value, spots)
    if not spots:
        return chance.choice(ODD)
    # Shallow places are few, and are what readers look at: half of all changes are there.
    parent, key = spots[int(len(spots) * chance.random() ** 2)]
    kind = chance.randrange(6)
    if kind == 0:
        del parent[key]
    elif kind == 1 and isinstance(parent, dict):
        parent[chance.choice(("", "id", "x", str(key) + " ", str(key).upper(), "\ud800"))] = parent.pop(key)
    elif kind == 2:
        parent[key] = [parent[key]] if chance.random() < 0.5 else {str(key): parent[key]}
    elif kind == 3:
        parent[key] = str(parent[key])
    else:
        parent[key] = copy.deepcopy(chance.choice(ODD))
    return value


def _collect(value: Any, spots: list[tuple[Any, Any]]) -> None:
    queue = [value]
    while queue:
        node = queue.pop(0)
        items = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
        for key, inner in items:
            spots.append((node, key))
            queue.append(inner)


def mutate_content(name: str, content: bytes, chance: random.Random) -> bytes:
    """A file's content with one thing changed, by what kind of file it is."""
    if chance.random() < 0.25:
        return mutate_bytes(content, chance)
    try:
        if name.endswith(".zip"):
            return _mutate_zip(content, chance)
        if name.endswith(".jsonl"):
            return _mutate_lines(content, chance)
        return _dumped(mutate_value(json.loads(content), chance), chance)
    except (ValueError, zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError):  # damaged by an earlier change
        return mutate_bytes(content, chance)


def _dumped(value: Any, chance: random.Random) -> bytes:
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.05 and text.startswith("{") and len(text) > 2:
        text = text[:-1] + ", " + text[1:]  # every key twice
    return text.encode("utf-8", "surrogatepass")


def _mutate_lines(content: bytes, chance: random.Random) -> bytes:
    lines = content.splitlines()
    if not lines:
        return mutate_bytes(content, chance)
    place = chance.randrange(len(lines))
    kind = chance.randrange(8)
    if kind == 0:
        del lines[place]
    elif kind == 1:
        lines.insert(place, lines[chance.randrange(len(lines))])
    elif kind == 2:
        lines = lines * chance.choice((2, 50))
    elif kind == 3:
        lines = lines[:place]
    else:
        lines[place] = _dumped(mutate_value(json.loads(lines[place]), chance), chance)
    return b"\n".join(lines)


def _mutate_zip(content: bytes, chance: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice([*members, *["manifest.json"] * (3 if "manifest.json" in members else 0)])
    kind = chance.randrange(10)
    if kind == 0:
        del members[name]
    elif kind == 1:
        new = chance.choice(
            (
                "../x",
                "/etc/x",
                "a\\b",
                "run/",
                "x" * 300,
                "run/samples_x.jsonl",
                "manifest.json/x",
                "\ud7ff",
                "hub/.eval_results/x.yaml",
            )
        )
        members[new] = members[name]
    else:
        members[name] = mutate_content(name, members[name], chance)
        if name != "manifest.json" and chance.random() < 0.7:
            _sign(members)
    return _packed(members, chance)


def _sign(members: dict[str, bytes]) -> None:
    """Bring the hashes of a manifest up to date, so that deeper checks are reached."""
    manifest = json.loads(members.get("manifest.json", b"0"))
    if isinstance(manifest, dict):
        others = {name: content for name, content in members.items() if name != "manifest.json"}
        manifest["files"] = {n: {"bytes": len(c), "sha256": sha256(c).hexdigest()} for n, c in others.items()}
        members["manifest.json"] = json.dumps(manifest).encode()


def _packed(members: dict[str, bytes], chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            member = zipfile.ZipInfo(name)
            member.compress_type = chance.choice((zipfile.ZIP_STORED, *[zipfile.ZIP_DEFLATED] * 5, zipfile.ZIP_BZIP2))
            if chance.random() < 0.02:
                member.external_attr = chance.choice((0o120777, 0o040755, 0o010644)) << 16
            archive.writestr(member, content)
    return buffer.getvalue()


def _as_pipe(path: Path) -> None:
    os.mkfifo(path)


def _as_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path may have 107 bytes only
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name[:100])
    finally:
        os.chdir(here)


#: What a path may be instead of the file that is expected there.
KINDS: tuple[Callable[[Path], None], ...] = (
    _as_pipe,
    _as_socket,
    lambda path: path.mkdir(),
    lambda path: path.symlink_to("nowhere"),
    lambda path: path.symlink_to(path.name),
    lambda path: path.symlink_to("/dev/zero"),
    lambda path: path.symlink_to("/dev/null"),
    lambda path: path.symlink_to("/proc/self/mem"),
    lambda path: path.symlink_to("/proc/self"),
    lambda path: path.symlink_to(path.parent),
    lambda path: path.touch(),
    lambda path: os.truncate(path, 0) if path.exists() else path.write_bytes(b"\x00" * 1_000_000),
    lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 5 << 30),  # all zeros, on no block of the disk
)


def mutate_kind(path: Path, chance: random.Random) -> None:
    """Put something else in the place of a file or folder, or give it an odd name."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    chance.choice(KINDS)(path)
