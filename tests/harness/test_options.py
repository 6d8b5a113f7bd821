import pytest

from sevenllm_bench.errors import ConfigError
from sevenllm_bench.harness.options import read_options


def test_defaults_and_foreign_keys():
    options = read_options({"pretrained": "x", "version": "1-A"})
    assert (options.dataset, options.data_dir, options.allow_modified, options.prompt.name) == ("official", None, False, "alpaca")


@pytest.mark.parametrize(
    ("value", "flag"), [("true", True), (True, True), ("1", True), ("False", False), (0, False), (None, False)]
)
def test_flags(value, flag):
    assert read_options({"allow_modified": value}).allow_modified is flag


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"dataset": "embeded"}, "did you mean 'embedded'"),
        ({"dataset": "x"}, "Known: official, embedded"),
        ({"prompt": "alpacca"}, "did you mean 'alpaca'"),
        ({"allow_modified": "maybe"}, "must be true or false"),
    ],
)
def test_unknown_values_are_named(metadata, message):
    with pytest.raises(ConfigError, match=message):
        read_options(metadata)
