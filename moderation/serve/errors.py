"""Errors as clients of Google's APIs read them: an envelope with a code, a status and details."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

ERROR_TYPE: Final = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
ERROR_INFO: Final = "type.googleapis.com/google.rpc.ErrorInfo"
SERVICE: Final = "commentanalyzer.googleapis.com"
# Names of types, not addresses: clients compare them, nobody asks for them.

STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "INVALID_ARGUMENT",
    408: "DEADLINE_EXCEEDED",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class ApiError(Exception):
    """A request that gets an answer other than 200.

    Parameters
    ----------
    code : int
        Of HTTP; a key of `STATUSES`.
    message : str
        For people; never holds the comment or a key.
    details : sequence of dict
        For programs.
    closing : bool
        The rest of the request was not read, so that the connection cannot be used again.
    """

    def __init__(
        self, code: int, message: str, details: Sequence[dict[str, Any]] = (), *, closing: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = list(details)
        self.closing = closing

    def to_dict(self) -> dict[str, Any]:
        """Return the envelope."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "status": STATUSES[self.code],
        }
        if self.details:
            error["details"] = self.details
        return {"error": error}


def refused(message: str, error_type: str = "INVALID_REQUEST", **more: Any) -> ApiError:
    """Return an error of the comment analyzer's own kind, with code 400.

    Parameters
    ----------
    message : str
    error_type : str
        COMMENT_EMPTY, COMMENT_TOO_LONG, NO_REQUESTED_ATTRIBUTES, LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE,
        LANGUAGE_DETECTION_FAILED or INVALID_REQUEST.
    **more
        Further fields of the detail.
    """
    return ApiError(400, message, [{"@type": ERROR_TYPE, "errorType": error_type, **more}])


def failed() -> ApiError:
    """Return the error for what went wrong on our side."""
    return ApiError(500, "Something went wrong here; the log says what.")


def language_refused(attribute: str, languages: Sequence[str], *, requested: bool) -> ApiError:
    """Return the error for a language that an attribute is not there for."""
    found = {"requestedLanguages" if requested else "detectedLanguages": list(languages)}
    return refused(
        # The words are the original's: clients look for them.
        f"Attribute {attribute} does not support request languages: {', '.join(languages)}",
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        languageNotSupportedByAttributeError={**found, "attribute": attribute},
    )
