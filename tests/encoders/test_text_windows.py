from encoders.tiny_encoders import make_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenllm_bench.encoders.text_windows import (
    batches,
    most_central,
    spans_of_windows,
    text_windows,
    token_lengths,
    token_offsets,
)


def test_windows_by_hand():
    assert spans_of_windows(0, 8) == [(0, 0)]
    assert spans_of_windows(8, 8) == [(0, 8)]
    # A quarter of eight tokens is shared: steps of six; the last window ends with the text.
    assert spans_of_windows(20, 8) == [(0, 8), (6, 14), (12, 20)]
    assert spans_of_windows(15, 8) == [(0, 8), (6, 14), (7, 15)]


def test_the_most_central_window_by_hand():
    # Tokens 6 and 7 are in both; 6 is 1 from the first one's end and 0 from the second one's start.
    assert most_central(14, [(0, 8), (6, 14)]) == [0] * 7 + [1] * 7


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(1, 40))
def test_each_token_is_in_a_window(tokens, size):
    windows = spans_of_windows(tokens, size)
    assert windows[0][0] == 0
    assert windows[-1][1] == tokens
    assert all(0 < end - start <= size for start, end in windows) or tokens == 0
    chosen = most_central(tokens, windows)
    assert all(windows[number][0] <= token < windows[number][1] for token, number in enumerate(chosen))


@settings(deadline=None)
@given(st.lists(st.integers(0, 3000)), st.integers(1, 9))
def test_batches_have_each_text_once(lengths, size):
    found = list(batches(lengths, size))
    assert sorted(number for batch in found for number in batch) == list(range(len(lengths)))
    assert all(len(batch) <= size for batch in found)
    assert all(len(batch) == 1 or lengths[batch[0]] * len(batch) <= size * 512 for batch in found)


@settings(deadline=None)
@given(st.text(min_size=1), st.integers(4, 20))
def test_parts_of_a_text_fit_and_lose_nothing(text, size):
    from sevenllm_bench.text.unicode import encodable

    text = encodable(text) * 3
    tokenizer = make_tokenizer()
    parts = text_windows(text, size, lambda part: token_offsets(tokenizer, part))
    assert all(length <= size for length, part in zip(token_lengths(tokenizer, parts), parts, strict=True) if len(part) > 1)
    assert text.startswith(parts[0])
    assert text.endswith(parts[-1])
    # Each part begins no later than where the ones before it end.
    end = 0
    for part in parts:
        begin = max(text.rfind(part, 0, end + len(part)), 0)
        assert begin <= end
        end = max(end, begin + len(part))
    assert end == len(text)
