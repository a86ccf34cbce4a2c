"""Keys of clients: read from a file, compared in constant time, never shown."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from moderation.errors import ConfigError
from moderation.serve.errors import ERROR_INFO, SERVICE, ApiError


class Keys:
    """Which keys are accepted; without any, every request is.

    Parameters
    ----------
    keys : iterable of str
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._digests = [sha256(key.encode()).digest() for key in keys]

    def check(self, scope: dict[str, Any], *, needed: bool = True) -> None:
        """Refuse a request without a good key: in `?key=` or in the header `X-Goog-Api-Key`.

        Parameters
        ----------
        scope : dict
            ASGI scope.
        needed : bool
            False: only a wrong key is refused.

        Raises
        ------
        ApiError
            400 for a wrong key, 403 for none: what Google's gateway answers, and its clients look for.
        """
        if not self._digests:
            return
        given = _given(scope)
        if given is None:
            if needed:
                raise ApiError(403, "The request is missing a valid API key.", closing=True)
            return
        found = sha256(given).digest()
        # Every digest is looked at, so that the time says nothing about which came close.
        good = sum(hmac.compare_digest(found, digest) for digest in self._digests)
        if not good:
            detail = {
                "@type": ERROR_INFO,
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": SERVICE},
            }
            raise ApiError(400, "API key not valid. Please pass a valid API key.", [detail], closing=True)


def read_keys(path: Path | None) -> Keys:
    """Read a file with one key a line; empty lines and lines that begin with # do not count.

    Raises
    ------
    ConfigError
        The file cannot be read or holds no key.
    """
    if path is None:
        return Keys()
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the keys cannot be read ({type(error).__name__})") from error
    keys = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    if not keys:
        raise ConfigError(f"{path} holds no key: write one a line, or leave --keys out to accept every key")
    return Keys(keys)


def _given(scope: dict[str, Any]) -> bytes | None:
    query: dict[str, list[str]] = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if "key" in query:
        return query["key"][0].encode("utf-8", "surrogatepass")
    for header, content in scope["headers"]:
        if header == b"x-goog-api-key":
            return bytes(content)
    return None
