"""Who may see the review pages: sessions, tokens, passwords, and a guard before every request."""

from __future__ import annotations

import ipaddress
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from moderation.errors import ConfigError, UsageError
from moderation.report.safe import one_line

LONGEST_NAME: Final = 80

_IDLE: Final = 12 * 3600.0
_MOST_SESSIONS: Final = 10_000
_TRIES: Final = 10
_TRIES_SECONDS: Final = 60.0
# Ten wrong passwords a minute, whoever tries: enough for typing errors, too few for guessing.
_LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(slots=True)
class Session:
    """A browser that may work here.

    Parameters
    ----------
    csrf : str
        Stands in every form; a request without it changes nothing.
    reviewer : str
        Empty until a name is given.
    used : float
        When it was last used, in seconds of a clock that only grows.
    """

    csrf: str
    reviewer: str = ""
    used: float = 0.0


@dataclass(slots=True)
class Access:
    """How people get in.

    Exactly one of `token`, `passwords` and `header` is given.

    Parameters
    ----------
    hosts : tuple of str
        Names and addresses under which browsers may ask, without port.
    token : str or None
        Stands in the address that is printed.
    passwords : dict of str to str, or None
        By reviewer; the name `""` stands for one password for everyone.
    header : str or None
        Header in which a proxy names the reviewer.
    reviewer : str
        Proposed as the name.
    """

    hosts: tuple[str, ...]
    token: str | None = None
    passwords: dict[str, str] | None = None
    header: str | None = None
    reviewer: str = ""
    _sessions: dict[str, Session] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _failures: list[float] = field(default_factory=list)
    _clock: Callable[[], float] = time.monotonic

    def host_allowed(self, host: str) -> bool:
        """Return whether a Host header names us, whatever the port."""
        return _hostname(f"//{host}") in self.hosts

    def origin_allowed(self, origin: str) -> bool:
        """Return whether an Origin header is one of our own pages."""
        return origin.startswith(("http://", "https://")) and _hostname(origin) in self.hosts

    def token_fits(self, given: str) -> bool:
        """Return whether a token is the one of the printed address."""
        return self.token is not None and compare_digest(given.encode(), self.token.encode())

    def begin(self, reviewer: str = "") -> str:
        """Begin a session; return its secret number."""
        number = secrets.token_urlsafe(32)
        with self._lock:
            if len(self._sessions) >= _MOST_SESSIONS:
                del self._sessions[min(self._sessions, key=lambda key: self._sessions[key].used)]
            self._sessions[number] = Session(secrets.token_urlsafe(32), reviewer, self._clock())
        return number

    def session(self, number: str) -> Session | None:
        """Return a session that was used within the last twelve hours."""
        with self._lock:
            found = self._sessions.get(number)
            if found is None or self._clock() - found.used > _IDLE:
                self._sessions.pop(number, None)
                return None
            found.used = self._clock()
            return found

    def end(self, number: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(number, None)

    def proxied(self, reviewer: str) -> Session:
        """Return the session of a reviewer whom the proxy names."""
        with self._lock:
            return self._sessions.setdefault(
                f"proxy:{reviewer}", Session(secrets.token_urlsafe(32), reviewer, self._clock())
            )

    def password_fits(self, reviewer: str, given: str) -> bool:
        """Return whether a password is that of a reviewer; never true when there were too many tries.

        Raises
        ------
        UsageError
            Too many wrong passwords in the last minute.
        """
        with self._lock:
            now = self._clock()
            self._failures = [then for then in self._failures if now - then < _TRIES_SECONDS]
            if len(self._failures) >= _TRIES:
                raise UsageError("too many wrong passwords: wait a minute")
            known = self.passwords or {}
            wanted = known.get("", known.get(reviewer))
            # Compared even for an unknown name, so that the time it takes does not tell names.
            fits = compare_digest(given.encode(), (wanted or secrets.token_urlsafe()).encode()) and bool(
                wanted
            )
            if not fits:
                self._failures.append(now)
            return fits


def make_access(
    host: str,
    *,
    password_file: Path | None = None,
    proxy_header: str | None = None,
    allow_hosts: Sequence[str] = (),
    reviewer: str = "",
) -> Access:
    """Return how people get in, or refuse what would let in anybody.

    Raises
    ------
    UsageError
        An address other than this machine's own without a password or proxy, or without a name for it.
    ConfigError
        The password file cannot be used.
    """
    if password_file is not None and proxy_header is not None:
        raise UsageError("--password-file and --proxy-header: give one of them")
    if not _is_loopback(host) and password_file is None and proxy_header is None:
        raise UsageError(
            f"--host {host} lets other machines in: give --password-file FILE, or --proxy-header NAME if a "
            "proxy before it knows who people are"
        )
    if host in ("0.0.0.0", "::", "") and not allow_hosts:
        raise UsageError(f"--host {host}: name with --allow-host what people type into their browser")
    hosts = (*_LOOPBACK_NAMES, *({host} - {"0.0.0.0", "::", ""}), *allow_hosts)
    allowed = tuple(dict.fromkeys(name.lower().strip("[]") for name in hosts))
    if proxy_header is not None:
        return Access(allowed, header=proxy_header.lower())
    if password_file is not None:
        return Access(allowed, passwords=read_passwords(password_file), reviewer=reviewer)
    return Access(allowed, token=secrets.token_urlsafe(32), reviewer=reviewer)


def read_passwords(path: Path) -> dict[str, str]:
    """Read a password file: `name:password` lines, or one password for everyone.

    Raises
    ------
    ConfigError
        It is missing, empty, readable by others, or a password is shorter than 8 characters.
    """
    try:
        mode = path.stat().st_mode
        lines = [line.strip("\r") for line in path.read_text("utf-8").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: no password file: {error}") from error
    if mode & 0o077:
        raise ConfigError(f"{path} can be read by others: chmod 600 {path}")
    if not lines:
        raise ConfigError(f"{path} is empty: write one password, or lines of name:password")
    if len(lines) == 1 and ":" not in lines[0]:
        found = {"": lines[0]}
    else:
        pairs = [line.partition(":") for line in lines]
        found = {reviewer_name(name): password for name, _, password in pairs}
        if len(found) != len(lines) or "" in found:
            raise ConfigError(f"{path}: every line needs a name of its own: name:password")
    if any(len(password) < 8 for password in found.values()):
        raise ConfigError(f"{path}: a password needs at least 8 characters")
    return found


def reviewer_name(given: str) -> str:
    """Return a reviewer's name as it is kept: one line of up to 80 characters."""
    return one_line(given, LONGEST_NAME).strip()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _hostname(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
