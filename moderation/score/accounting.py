"""What became of every record: read = rows + rejected + skipped; rows = scored + not scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moderation.errors import DataError


@dataclass(slots=True)
class Accounting:
    """Counts of one part, or of a whole run.

    Parameters
    ----------
    read : int
        Records seen.
    rows : int
        Records that became a row.
    rejected : int
        Records that could not become a row; they stand in `rejects.jsonl`.
    skipped : Counter of str
        Records that were understood and left out, by reason.
    scored : int
        Rows with probabilities.
    not_scored : Counter of str
        Rows without probabilities, by reason.
    repaired : int
        Rows in which undecodable bytes, NULs or lone surrogates were replaced.
    """

    read: int = 0
    rows: int = 0
    rejected: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    scored: int = 0
    not_scored: Counter[str] = field(default_factory=Counter)
    repaired: int = 0

    def add(self, other: Accounting) -> None:
        """Add the counts of another part to these."""
        self.read += other.read
        self.rows += other.rows
        self.rejected += other.rejected
        self.skipped.update(other.skipped)
        self.scored += other.scored
        self.not_scored.update(other.not_scored)
        self.repaired += other.repaired

    def check(self, where: str) -> None:
        """Raise unless every record that was read is accounted for.

        Parameters
        ----------
        where : str
            What was counted, for the message.

        Raises
        ------
        DataError
            Records went missing, or were counted twice.
        """
        accounted = self.rows + self.rejected + self.skipped.total()
        if self.read != accounted:
            raise DataError(
                f"{where}: {self.read} records were read but {accounted} are accounted for "
                f"({self.rows} rows, {self.rejected} rejected, {self.skipped.total()} skipped); "
                "please report this with the file"
            )
        if self.rows != self.scored + self.not_scored.total():
            raise DataError(
                f"{where}: {self.rows} rows, but {self.scored} scored and "
                f"{self.not_scored.total()} not scored; please report this with the file"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, reasons in alphabetical order, as `run.json` holds them."""
        return {
            "read": self.read,
            "rows": self.rows,
            "rejected": self.rejected,
            "skipped": dict(sorted(self.skipped.items())),
            "scored": self.scored,
            "not_scored": dict(sorted(self.not_scored.items())),
            "repaired": self.repaired,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Accounting:
        """Return the counts that `to_dict` wrote."""
        return cls(
            read=values["read"],
            rows=values["rows"],
            rejected=values["rejected"],
            skipped=Counter(values["skipped"]),
            scored=values["scored"],
            not_scored=Counter(values["not_scored"]),
            repaired=values["repaired"],
        )
