"""How many files and pages were not read, for the lines of a build."""

from sevenllm_bench.select_instruct.collect.known_pages import KnownPages, count_unread


def test_refused_failed_and_late_pages_of_the_last_round_are_counted_once(tmp_path):
    assert count_unread(tmp_path) == 0
    with KnownPages(tmp_path) as pages:
        pages.begin("one", False)
        pages.log("refused", "a", "too large", 0.0)
        pages.begin("two", False)
        for event, url, reason in [
            ("refused", "b.png", "no HTML"),
            ("refused", "b.png", "no text"),
            ("failed", "https://c.example/", "the server answers 500"),
            ("skipped", "https://d.example/", "the time of the whole fetching (collect.max_seconds) is over"),
            ("skipped", "https://e.example/", "leads to the same page as https://f.example/"),
            ("robots", "https://f.example/", "allowed"),
        ]:
            pages.log(event, url, reason, 0.0)
    assert count_unread(tmp_path) == 3
