"""The store of decisions: a log in SQLite (or any database of SQLAlchemy) to which events are only added.

Every decision is a row, an undo is a row, nothing is overwritten. What `append` has returned from is on disk.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from moderation.closing import Closing
from moderation.decisions.event import Decision, timestamp
from moderation.errors import DataError, UsageError

STORE_FILE: Final = "decisions.sqlite"
"""Name of a run's store in its folder."""

_WAIT: Final = 30.0
# Seconds that a writer waits for another one; a bulk decision on 100,000 comments takes about 5.
_TOGETHER: Final = 500
# Parameters of one statement: SQLite takes 32,766, other databases fewer.
_PAGE: Final = 5_000

_METADATA: Final = sa.MetaData()
_EVENTS: Final = sa.Table(
    "decisions",
    _METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("step", sa.String(32), nullable=False, index=True),
    sa.Column("comment_id", sa.Text, nullable=False),
    sa.Column("text_digest", sa.String(64), nullable=False, index=True),
    sa.Column("thread_id", sa.Text, nullable=False),
    sa.Column("decision", sa.String(16), nullable=False),
    sa.Column("labels", sa.Text, nullable=False),
    sa.Column("checked", sa.Text),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("reviewer", sa.String(255), nullable=False),
    sa.Column("created_at", sa.String(24), nullable=False),
    sa.Column("model", sa.String(255), nullable=False),
    sa.Column("policy", sa.String(16), nullable=False),
    sa.Column("origin", sa.String(16), nullable=False),
    sa.Column("text", sa.Text),
    sa.Column("before", sa.String(16)),
    sa.Column("spans", sa.Text),
    sqlite_autoincrement=True,
)
_UNDONE: Final = sa.Table(
    "undone",
    _METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("step", sa.String(32), nullable=False, unique=True),
    sa.Column("reviewer", sa.String(255), nullable=False),
    sa.Column("created_at", sa.String(24), nullable=False),
    sqlite_autoincrement=True,
)
_KEY: Final = ("thread_id", "comment_id", "text_digest", "reviewer")
_HELD: Final = ~sa.exists().where(_UNDONE.c.step == _EVENTS.c.step)
_RANKED: Final = sa.func.row_number().over(
    partition_by=[_EVENTS.c[name] for name in _KEY],
    order_by=[_EVENTS.c.created_at.desc(), _EVENTS.c.number.desc()],
)
# By time before number: an older file that is imported later does not undo what was decided since.


class DecisionStore(Closing):
    """A log of decisions; a context manager, safe for several threads and processes.

    Parameters
    ----------
    where : str or Path
        A file (SQLite), or a URL of SQLAlchemy such as `postgresql+psycopg://host/moderation`.
    create : bool, default True
        Make the store where there is none.

    Raises
    ------
    UsageError
        There is no store and none is to be made, or the URL cannot be used.
    DataError
        The file is no store, or is damaged.
    """

    def __init__(self, where: str | Path, *, create: bool = True) -> None:
        self.name = str(where)
        if isinstance(where, str) and "://" in where:
            self.name, url = _parse(where)
        else:
            if not create and not Path(where).is_file():
                raise UsageError(f"{where}: no such file of decisions")
            url = sa.URL.create("sqlite", database=str(where))
        try:
            self._engine = _engine(url)
        except (SQLAlchemyError, ImportError) as error:
            raise UsageError(f"{self.name} cannot be opened: {_first_line(error)}") from error
        try:
            with self._transaction() if create else self._reading() as connection:
                if create:
                    _METADATA.create_all(connection)
                connection.execute(sa.select(_UNDONE.c.step).limit(0))
                _add_new_columns(connection)
                connection.execute(sa.select(_EVENTS).limit(0))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def append(self, decisions: Iterable[Decision], step: str | None = None) -> int:
        """Add decisions; they are on disk when it returns, all of them or none.

        Parameters
        ----------
        decisions : iterable of Decision
            Those without `before` get what their reviewer had decided before.
        step : str, optional
            Name of this act, for `undo`: up to 32 characters, used once. Default: a new one.

        Returns
        -------
        int
            Number of decisions added.
        """
        return self._add(decisions, step or uuid4().hex, new_only=False)

    def add_new(self, decisions: Iterable[Decision], step: str | None = None) -> int:
        """Add those decisions that the store does not hold yet: a file can be imported twice.

        Returns
        -------
        int
            Number of decisions added.
        """
        return self._add(decisions, step or uuid4().hex, new_only=True)

    def undo(self, step: str, reviewer: str) -> list[Decision]:
        """Take back all decisions of one act of a reviewer.

        Returns
        -------
        list of Decision
            Those taken back; empty where the act is not theirs or was taken back already.
        """
        chosen = sa.select(_EVENTS).where(_EVENTS.c.step == step, _EVENTS.c.reviewer == reviewer, _HELD)
        with self._transaction() as connection:
            rows = connection.execute(chosen.order_by(_EVENTS.c.number)).mappings().all()
            if rows:
                now = timestamp(datetime.now(UTC))
                connection.execute(_UNDONE.insert().values(step=step, reviewer=reviewer, created_at=now))
        return [_decision(row) for row in rows]

    def last_step(self, reviewer: str) -> str | None:
        """Return a reviewer's latest act in the review app that was not taken back: what undo is about."""
        chosen = sa.select(_EVENTS.c.step).where(
            _EVENTS.c.reviewer == reviewer, _EVENTS.c.origin.in_(("review", "bulk")), _HELD
        )
        with self._reading() as connection:
            return connection.execute(chosen.order_by(_EVENTS.c.number.desc()).limit(1)).scalar()

    def events(self) -> Iterator[Decision]:
        """Iterate over all decisions ever made, in their order; those taken back are among them."""
        for _, _, decision in self.since(0):
            yield decision

    def current(self) -> Iterator[Decision]:
        """Iterate over the decisions in force: the latest of each reviewer on each comment."""
        ranked = sa.select(_EVENTS, _RANKED.label("rank")).where(_HELD).subquery()
        chosen = sa.select(ranked).where(ranked.c.rank == 1).order_by(ranked.c.number)
        with self._reading() as connection:
            for row in connection.execution_options(yield_per=_PAGE).execute(chosen).mappings():
                yield _decision(row)

    def since(self, number: int, most: int | None = None) -> Iterator[tuple[int, str, Decision]]:
        """Iterate over the events after a number: (number, step, decision)."""
        while most is None or most > 0:
            chosen = sa.select(_EVENTS).where(_EVENTS.c.number > number).order_by(_EVENTS.c.number)
            with self._reading() as connection:
                rows = connection.execute(chosen.limit(min(most or _PAGE, _PAGE))).mappings().all()
            for row in rows:
                number = row["number"]
                yield number, row["step"], _decision(row)
            if not rows:
                return
            most = None if most is None else most - len(rows)

    def latest(self, count: int) -> list[tuple[Decision, bool]]:
        """Return the last events, newest first, and whether each was taken back."""
        taken = sa.exists().where(_UNDONE.c.step == _EVENTS.c.step).label("taken_back")
        chosen = sa.select(_EVENTS, taken).order_by(_EVENTS.c.number.desc()).limit(count)
        with self._reading() as connection:
            return [
                (_decision(row), bool(row["taken_back"])) for row in connection.execute(chosen).mappings()
            ]

    def undone_since(self, number: int) -> list[tuple[int, str]]:
        """Return what was taken back after a number: (number, step)."""
        chosen = sa.select(_UNDONE.c.number, _UNDONE.c.step).where(_UNDONE.c.number > number)
        with self._reading() as connection:
            return [(row[0], row[1]) for row in connection.execute(chosen.order_by(_UNDONE.c.number))]

    def _add(self, decisions: Iterable[Decision], step: str, *, new_only: bool) -> int:
        count = 0
        with self._transaction() as connection:
            remaining = iter(decisions)
            while group := list(islice(remaining, _TOGETHER)):
                known, held = _of_same_texts(connection, group)
                rows = []
                for decision in group:
                    if (
                        new_only
                        and (*decision.key, timestamp(decision.created_at), decision.decision) in known
                    ):
                        continue
                    rows.append(_row(decision, step, decision.before or held.get(decision.key)))
                    known.add((*decision.key, timestamp(decision.created_at), decision.decision))
                    held[decision.key] = decision.decision
                if rows:
                    connection.execute(_EVENTS.insert(), rows)
                    count += len(rows)
        return count

    def _transaction(self) -> _Guarded:
        return _Guarded(self._engine, self.name, "IMMEDIATE")

    def _reading(self) -> _Guarded:
        return _Guarded(self._engine, self.name, "")


class _Guarded:
    """One transaction; what goes wrong in it becomes an error of ours."""

    def __init__(self, engine: Engine, name: str, begin: str) -> None:
        self._engine, self._name, self._begin = engine, name, begin
        self._connection: Connection | None = None

    def __enter__(self) -> Connection:
        try:
            self._connection = self._engine.connect().execution_options(sqlite_begin=self._begin)
            self._connection.begin()
        except SQLAlchemyError as error:
            self._close()
            raise self._error(error) from error
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._connection is not None and error is None:
                self._connection.commit()
        except SQLAlchemyError as failed:
            raise self._error(failed) from failed
        finally:
            self._close()
        if isinstance(error, SQLAlchemyError):
            raise self._error(error) from error

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _error(self, error: SQLAlchemyError) -> DataError:
        return DataError(f"{self._name}: decisions cannot be read or written: {_first_line(error)}")


def _parse(where: str) -> tuple[str, sa.URL]:
    try:
        url = make_url(where)
    except SQLAlchemyError as error:
        raise UsageError(f"a database is a URL such as sqlite:///decisions.sqlite: {error}") from error
    return url.render_as_string(hide_password=True), url


def _engine(url: sa.URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True)
    engine = sa.create_engine(url, connect_args={"timeout": _WAIT})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver's own BEGIN would come too late: a reader that turns writer meets "database is locked".
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("sqlite_begin", "")
        connection.exec_driver_sql(f"BEGIN {kind}".strip())

    return engine


def _add_new_columns(connection: Connection) -> None:
    """Give a store that an earlier version made the columns that it lacks."""
    there = {column["name"] for column in sa.inspect(connection).get_columns(_EVENTS.name)}
    if not there:
        return
    for column in _EVENTS.columns:
        if column.name not in there and column.nullable:
            kind = column.type.compile(connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {_EVENTS.name} ADD COLUMN {column.name} {kind}")


def _of_same_texts(
    connection: Connection, group: Sequence[Decision]
) -> tuple[set[tuple[str, ...]], dict[tuple[str, ...], str]]:
    """Return what the store holds on a group's texts: all events, and the decision in force by key."""
    digests = sorted({decision.text_digest for decision in group})
    held = sa.case((_HELD, 1), else_=0).label("held")
    columns = [_EVENTS.c[name] for name in (*_KEY, "created_at", "decision")]
    chosen = sa.select(*columns, held).where(_EVENTS.c.text_digest.in_(digests))
    known, current = set(), {}
    for row in connection.execute(chosen.order_by(_EVENTS.c.created_at, _EVENTS.c.number)):
        known.add(tuple(row[:6]))
        if row.held:
            current[tuple(row[:4])] = row.decision
    return known, current


def _row(decision: Decision, step: str, before: str | None) -> dict[str, Any]:
    checked = None if decision.checked is None else json.dumps(list(decision.checked))
    return {
        "step": step,
        "comment_id": decision.comment_id,
        "text_digest": decision.text_digest,
        "thread_id": decision.thread_id,
        "decision": decision.decision,
        "labels": json.dumps(list(decision.labels)),
        "checked": checked,
        "note": decision.note,
        "reviewer": decision.reviewer,
        "created_at": timestamp(decision.created_at),
        "model": decision.model,
        "policy": decision.policy,
        "origin": decision.origin,
        "text": decision.text,
        "before": before,
        "spans": json.dumps([span.to_dict() for span in decision.spans]) if decision.spans else None,
    }


def _decision(row: sa.RowMapping) -> Decision:
    stated = {name: row[name] for name in row if name not in ("number", "step", "rank", "taken_back")}
    try:
        labels = json.loads(row["labels"])
        checked = None if row["checked"] is None else json.loads(row["checked"])
        spans = json.loads(row["spans"] or "[]")
        return Decision.from_dict({**stated, "labels": labels, "checked": checked, "spans": spans})
    except ValueError as error:
        raise DataError(f"decision {row['number']} in the store is damaged: {error}") from error


def _first_line(error: BaseException) -> str:
    return next(islice(str(error).splitlines(), 1), type(error).__name__)
