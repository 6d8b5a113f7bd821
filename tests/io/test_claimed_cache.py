import subprocess
import sys

import pytest

from sevenllm_bench.io.claimed_cache import LEASE, ClaimedCache


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def caches(tmp_path, clock):
    with ClaimedCache(tmp_path / "c.sqlite", "t", clock) as one, ClaimedCache(tmp_path / "c.sqlite", "t", clock) as two:
        yield one, two


def test_a_key_is_claimed_by_one_until_it_is_released(caches):
    one, two = caches
    assert one.claim("k")
    assert one.claim("k"), "by the same again"
    assert not two.claim("k")
    assert two.claim("another")
    two.release("k")
    assert not two.claim("k"), "only who has it can release it"
    one.release("k")
    assert two.claim("k")


def test_a_claim_that_is_not_renewed_ends(caches, clock):
    one, two = caches
    one.claim("k")
    clock.now += LEASE - 1
    assert not two.claim("k")
    one.renew()
    clock.now += LEASE - 1
    assert not two.claim("k")
    clock.now += 2
    assert two.claim("k")
    assert not one.claim("k")


def test_closing_gives_up_all_claims(tmp_path, caches):
    third = ClaimedCache(tmp_path / "c.sqlite", "t")
    third.claim("k")
    third.close()
    assert caches[0].claim("k")


def test_claims_hold_between_processes_and_are_no_values(tmp_path):
    code = """if True:
        import sys
        from pathlib import Path
        from sevenllm_bench.io.claimed_cache import ClaimedCache
        cache = ClaimedCache(Path(sys.argv[1]), "t")
        print(sum(cache.claim(str(number)) for number in range(200)), flush=True)
        sys.stdin.read()"""
    command = [sys.executable, "-c", code, str(tmp_path / "c.sqlite")]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    claimed = [int(process.stdout.readline()) for process in running]
    for process in running:
        process.communicate("")
    assert sum(claimed) == 200
    with ClaimedCache(tmp_path / "c.sqlite", "t") as cache:
        assert len(cache) == 0
