"""Rows rebuilt from documents: equal ones are one row, an error names its own place."""

import pytest

from sevenllm_bench.data.document import from_document, to_document
from sevenllm_bench.data.embedded import embedded_split
from sevenllm_bench.errors import DataError


def test_equal_documents_give_one_row():
    row = embedded_split("test")[0]
    first = from_document(to_document(row), "line 1")
    assert first == row
    assert from_document(to_document(row), "line 2") is first
    other = from_document({**to_document(row), "id": row.id + 1}, "line 3")
    assert (other.id, other.input) == (row.id + 1, row.input)


@pytest.mark.parametrize("change", [{"id": True}, {"id": 1.0}, {"category": "nothing like it"}, {"input": ["x"]}])
def test_an_error_names_its_own_place(change):
    document = to_document(embedded_split("test")[0])
    from_document({**document, "id": 1}, "line 1")  # equal to True and 1.0, but a number
    for place in ("line 7", "line 8"):
        with pytest.raises(DataError, match=place):
            from_document({**document, **change}, place)
