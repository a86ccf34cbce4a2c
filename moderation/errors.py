"""The errors that users see: one line each, with file, place and remedy."""

from __future__ import annotations


class ModerationError(Exception):
    """Base of all errors that the package raises on purpose.

    The command line prints the message as one line and exits with `exit_code`.
    """

    exit_code = 1


class DataError(ModerationError):
    """The input could not be read, or nothing recognised it."""


class ModelError(ModerationError):
    """A model bundle is incomplete, damaged or does not fit the run."""


class ConfigError(ModerationError):
    """A policy, recipe or mapping file holds something that cannot be used."""

    exit_code = 2


class UsageError(ModerationError):
    """The command or call itself is wrong: missing file, unknown column, format or model."""

    exit_code = 2
