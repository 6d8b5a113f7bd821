"""Fixtures: the official data and the published outputs, where they are; sockets are blocked except loopback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

# Nothing in the suite may reach the Hub; tests of downloads set an endpoint of their own. Before any Hub import.
os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
# Workers of pytest-xdist share the cores. With a thread for each core, those of one worker would wait for those of the others.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# Semantic similarity and the judge are asked for by the tests that are about them.
os.environ["SEVENLLM_SEMANTIC_MODEL"] = "none"
for _name in ("SEVENLLM_JUDGE", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
    os.environ.pop(_name, None)
os.environ.pop("HF_HUB_OFFLINE", None)


def _hidden(name: str) -> str | None:
    """The value of a variable, taken out of the environment: a test gets the official data only by asking for it.

    It stays under another name, for the processes that pytest-xdist starts.
    """
    hidden = f"{name}_OF_THE_TESTS"
    value = os.environ.pop(name, None) or os.environ.get(hidden)
    if value:
        os.environ[hidden] = value
    return value


DATA_DIR = _hidden("SEVENLLM_DATA_DIR")
PREDICTIONS_DIR = _hidden("SEVENLLM_PREDICTIONS_DIR")
MODELS = ("qwen1_5-7b", "qwen1_5-7b-1000", "llama2-13b-cot", "llama2-7b")


def _folder(value: str | None, name: str) -> Path:
    if value and Path(value).is_dir():
        return Path(value)
    message = f"{name} is not set to a folder"
    if os.environ.get("CI"):
        pytest.fail(f"{message}, which in CI is a failure")
    pytest.skip(message)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    return _folder(DATA_DIR, "SEVENLLM_DATA_DIR")


@pytest.fixture(scope="session")
def predictions_dir() -> Path:
    return _folder(PREDICTIONS_DIR, "SEVENLLM_PREDICTIONS_DIR")


@pytest.fixture(scope="session")
def cases_dir(data_dir) -> Path:
    """Inputs that were read wrong once, with the right values: a folder beside that of the official data."""
    return _beside(data_dir, "cases")


@pytest.fixture(scope="session")
def instruct_examples(data_dir) -> Path:
    """Genuine rows of the training corpus: a file beside the folder of the official data."""
    return _beside(data_dir, "sevenllm-instruct/train_examples.jsonl")


def _beside(data_dir: Path, name: str) -> Path:
    path = data_dir.parent / name
    if not path.exists():
        message = f"no {name} in {data_dir.parent}"
        if os.environ.get("CI"):
            pytest.fail(f"{message}, which in CI is a failure")
        pytest.skip(message)
    return path


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory):
    """A new cache folder for the tests of a module: nothing is read from the machine's, and nothing is left there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEVENLLM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A loopback Hub without files."""
    from hub_server import serve

    with serve(tmp_path / "cache", monkeypatch) as served:
        yield served


@pytest.fixture(scope="session")
def official_rows(data_dir):
    from sevenllm_bench.data.official import load_official

    return load_official(data_dir).rows


@pytest.fixture(scope="session")
def expected(predictions_dir) -> dict:
    return json.loads((predictions_dir / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def original(tmp_path_factory) -> Path:
    """A bundle of a true run; tests that spoil one take `bundle`."""
    from submission_files import make_bundle, small_rows, write_true_run

    folder = tmp_path_factory.mktemp("original")
    return make_bundle(write_true_run(folder / "run", small_rows()), folder / "bundle")


@pytest.fixture
def bundle(original, tmp_path) -> Path:
    """A copy of `original` to spoil."""
    from submission_files import copied

    return copied(original, tmp_path / "bundle")


@pytest.fixture
def embedded_record() -> dict:
    """A well-formed extraction row in the official format."""
    return {
        "id": 1,
        "category": "Time Element Acquisition",
        "instruction": "Execute the following information extraction task and return the results in json format: name the day.",
        "input": "It happened on 3 May 2024.",
        "thought": "One date.",
        "output": {"day": "3 May 2024"},
    }


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory) -> Path:
    """A tiny untrained checkpoint, made once per session."""
    import runpy

    folder = tmp_path_factory.mktemp("tiny")
    script = Path(__file__).parents[1] / "examples" / "tiny_checkpoint.py"
    runpy.run_path(str(script))["make_checkpoint"](folder)
    return folder


@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium for one module: Playwright's event loop must not outlive it, other tests run loops of their own."""
    import shutil

    path = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    if path is None:
        message = "no chromium (apt-get install chromium fonts-noto-cjk)"
        if os.environ.get("CI"):
            pytest.fail(f"{message}, which in CI is a failure")
        pytest.skip(message)
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Opens a page from disk; at the end, no page may have written to the console, failed, or asked for anything but files."""
    complaints: list[str] = []
    contexts = []

    def watch_request(request) -> None:
        if not request.url.startswith(("file:", "data:")):
            complaints.append(f"request: {request.url}")

    def open_(path: Path, fragment: str = "", width: int = 1280, height: int = 900, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("popup", lambda popup: complaints.append(f"popup: {popup.url}"))
        page.on("request", watch_request)
        page.goto(path.resolve().as_uri() + fragment)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
