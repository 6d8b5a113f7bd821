"""A budget that all processes and all runs of one piece of work share: an account in a SQLite file."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sevenllm_bench.io.claimed_cache import LEASE
from sevenllm_bench.io.sqlite_cache import SqliteCache
from sevenllm_bench.llm.pricing import Budget, Price

#: Amounts are whole numbers of this many per US dollar, so that sums are exact: a token at 0.15 USD per million is 150,000.
_PER_USD = 10**12
#: The largest amount that is counted, more than a million US dollars: what a column of the file holds, several times over.
_LARGEST = 2**60


@dataclass(frozen=True, slots=True)
class Spending:
    """What one account says.

    Attributes:
        calls: Calls that were begun.
        tokens_in: Tokens of the prompts, as the server counts them.
        tokens_out: Tokens of the replies.
        usd: US dollars for these tokens.
        unknown_usd: The most that calls may have cost whose cost is unknown: cut off, or in flight when their process was
            killed. It counts against the limit.
    """

    calls: int
    tokens_in: int
    tokens_out: int
    usd: float
    unknown_usd: float


class SharedBudget(Budget):
    """A `Budget` in a file; the limit holds for everything that was ever asked on its account.

    Before a call, the most that it may cost is set aside in the file, in one transaction with the look at the limit;
    afterwards that is replaced by what it did cost. What a killed process had set aside stays so, since its calls may be
    paid for: so the limit is never passed, whatever is killed. A later run with a higher limit goes on from there.
    """

    def __init__(
        self,
        path: Path,
        account: str,
        limit: float | None,
        price: Price | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the file, made with its folder when missing.

        Args:
            path: The file.
            account: What is counted together; one file may hold several.
            limit: Most US dollars on this account; None for no limit.
            price: Of a token; None counts calls and tokens only.
            clock: Gives seconds that all processes share.

        Raises:
            ConfigError: The file can't be made, written or read.
        """
        super().__init__(limit, price)
        self._account = account
        self._most = None if limit is None else _whole(limit)
        self._file = _AccountFile(path, account, clock)

    def reserve(self, usd: float) -> bool:
        """Set `usd` aside, if everything on the account stays within the limit."""
        return self._file.reserve(_whole(usd), self._most)

    def settle(self, reserved: float, spent: float, unknown: float = 0.0, tokens: tuple[int, int] = (0, 0)) -> None:
        """Replace what was set aside by what a call did cost."""
        self._file.settle(_whole(reserved), _whole(spent), _whole(unknown), tokens)

    def fits(self, usd: float) -> bool:
        """Whether `usd` could be set aside now."""
        return self._most is None or self._file.committed() + _whole(usd) <= self._most

    def reserve_batch(self, name: str, usd: float) -> bool:
        """Set `usd` aside for a batch, under its name, until it is settled by whatever process; False where it doesn't fit."""
        return self._file.reserve_batch(name, _whole(usd), self._most)

    def settle_batch(self, name: str, unknown: float, tokens: tuple[int, int], calls: int) -> None:
        """Replace what was set aside for a batch by what it did cost; settled before, nothing changes.

        Args:
            name: Of the batch.
            unknown: The most that calls may have cost whose cost is unknown.
            tokens: Tokens of all its prompts and replies.
            calls: How many calls it was.
        """
        spent = self._price.cost(*tokens) if self._price else 0.0
        self._file.settle_batch(name, (calls, *tokens, _whole(spent), _whole(unknown)))

    @property
    def in_flight_elsewhere(self) -> bool:
        """Whether a process that is alive has calls in flight on this account."""
        return self._file.others_wait()

    def renew(self) -> None:
        """Keep this process alive in the eyes of others for another `LEASE` seconds."""
        self._file.renew()

    def spending(self) -> Spending:
        """What was spent by now, by all processes and runs."""
        return self._file.spending()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _whole(usd: float) -> int:
    return round(min(usd * _PER_USD, _LARGEST))


class _AccountFile(SqliteCache):
    """The tables: one row of sums per account, and one per process and account of what is set aside."""

    def __init__(self, path: Path, account: str, clock: Callable[[], float]) -> None:
        self._account, self._owner, self._clock = account, uuid.uuid4().hex, clock
        super().__init__(path, "unused")

    def _prepare(self) -> None:
        super()._prepare()
        sums = "calls INTEGER, tokens_in INTEGER, tokens_out INTEGER, spent INTEGER, unknown INTEGER"
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS spending (account TEXT PRIMARY KEY, {sums})")
        held = "owner TEXT PRIMARY KEY, account TEXT NOT NULL, held INTEGER NOT NULL, seen REAL NOT NULL"
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS set_aside ({held})")
        self._connection.execute("INSERT OR IGNORE INTO spending VALUES (?, 0, 0, 0, 0, 0)", (self._account,))

    def reserve(self, amount: int, most: int | None) -> bool:
        with self._transaction():
            if most is not None and self._committed() + amount > most:
                return False
            self._connection.execute(
                "INSERT INTO set_aside VALUES (?, ?, ?, ?) "
                "ON CONFLICT (owner) DO UPDATE SET held = held + excluded.held, seen = excluded.seen",
                (self._owner, self._account, amount, self._clock()),
            )
            self._connection.execute("UPDATE spending SET calls = calls + 1 WHERE account = ?", (self._account,))
            return True

    def reserve_batch(self, name: str, amount: int, most: int | None) -> bool:
        with self._transaction():
            if most is not None and self._committed() + amount > most:
                return False
            # Last seen never: no process waits for a batch to be settled.
            self._connection.execute("INSERT INTO set_aside VALUES (?, ?, ?, 0)", (name, self._account, amount))
            return True

    def settle_batch(self, name: str, sums: tuple[int, int, int, int, int]) -> None:
        with self._transaction():
            if self._connection.execute("DELETE FROM set_aside WHERE owner = ?", (name,)).rowcount:
                self._connection.execute(
                    "UPDATE spending SET calls = calls + ?, tokens_in = tokens_in + ?, tokens_out = tokens_out + ?, "
                    "spent = spent + ?, unknown = unknown + ? WHERE account = ?",
                    (*sums, self._account),
                )

    def committed(self) -> int:
        with self._lock, self._reported():
            return self._committed()

    def _committed(self) -> int:
        """What is spent, may be spent, or is set aside."""
        spent, unknown = self._connection.execute(
            "SELECT spent, unknown FROM spending WHERE account = ?", (self._account,)
        ).fetchone()
        return int(spent + unknown + self._held())

    def _held(self) -> int:
        query = "SELECT held FROM set_aside WHERE account = ?"  # added up here, where whole numbers have no largest one
        return sum(int(held) for (held,) in self._connection.execute(query, (self._account,)))

    def settle(self, reserved: int, spent: int, unknown: int, tokens: tuple[int, int]) -> None:
        with self._transaction():
            self._connection.execute(
                "UPDATE set_aside SET held = held - ?, seen = ? WHERE owner = ?", (reserved, self._clock(), self._owner)
            )
            self._connection.execute(
                "UPDATE spending SET spent = spent + ?, unknown = unknown + ?, tokens_in = tokens_in + ?, "
                "tokens_out = tokens_out + ? WHERE account = ?",
                (spent, unknown, *tokens, self._account),
            )

    def others_wait(self) -> bool:
        query = "SELECT 1 FROM set_aside WHERE account = ? AND owner != ? AND held > 0 AND seen >= ?"
        with self._lock, self._reported():
            found = self._connection.execute(query, (self._account, self._owner, self._clock() - LEASE)).fetchone()
        return found is not None

    def renew(self) -> None:
        with self._lock, self._reported():
            self._connection.execute("UPDATE set_aside SET seen = ? WHERE owner = ?", (self._clock(), self._owner))

    def spending(self) -> Spending:
        with self._lock, self._reported():
            query = "SELECT calls, tokens_in, tokens_out, spent, unknown FROM spending WHERE account = ?"
            calls, tokens_in, tokens_out, spent, unknown = self._connection.execute(query, (self._account,)).fetchone()
            return Spending(calls, tokens_in, tokens_out, spent / _PER_USD, (unknown + self._held()) / _PER_USD)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._reported():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
