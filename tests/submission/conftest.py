"""A bundle of a true run, and a copy of it to spoil."""

import pytest
from submission_files import copied, make_bundle, small_rows, write_true_run


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    return make_bundle(write_true_run(folder / "run", small_rows()), folder / "bundle")


@pytest.fixture
def bundle(original, tmp_path):
    return copied(original, tmp_path / "bundle")
