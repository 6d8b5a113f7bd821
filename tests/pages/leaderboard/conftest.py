"""No test of the leaderboard reads or writes the cache of the machine."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def cache_of_its_own(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEVENLLM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield
