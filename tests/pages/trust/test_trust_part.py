"""One part of the section "Can it be trusted?": its table."""

import pytest

from sevenllm_bench.pages.trust.trust_part import TrustPart


def test_a_table_has_as_many_cells_as_columns():
    with pytest.raises(ValueError, match="2 columns"):
        TrustPart("x", (), ("Run", "Share"), (("one",),))


@pytest.mark.parametrize(
    ("cells", "numeric"),
    [
        (("0.412", "-"), True),
        (("+0.08 (0.03–0.13)", "−0.02 (−0.06–0.02)"), True),
        (("12 of 40", ""), True),
        (("<0.0001", "0.21"), True),
        (("-", "–"), False),
        (("B", "0.3"), False),
        (("3 of the 4 tests find that it has seen the rows", "-"), False),
    ],
)
def test_a_column_of_numbers_is_recognised(cells, numeric):
    part = TrustPart("x", (), ("Run", "Share"), tuple(("0.5", cell) for cell in cells))
    assert part.numeric == (False, numeric)
