"""What can go wrong between the toolkit and a Label Studio server, as one sentence and a next step each."""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx2

from corpus_kit.core.errors import ServiceError

DETAIL_CHARACTERS = 300

HINTS: Mapping[int, str] = {
    401: "Check LABEL_STUDIO_API_KEY: copy the token again from Account & Settings on that server. A legacy token "
    "works only where the organization allows legacy tokens; a personal access token works everywhere.",
    403: "Ask the server's owner for the right to do this, or use another account's token.",
    404: "Check LABEL_STUDIO_URL: it is the address of the server's start page, with its base path if it has one.",
    413: "A proxy before the server limits the size of a request; ask for a larger limit.",
    429: "The server asks for a pause; run the command again later.",
}
SERVER_TROUBLE = "Look at the server's log, then run the command again: what was already done is not repeated."


class RefusedError(ServiceError):
    """The server answered, and said no.

    status: HTTP status. detail: its reason, shortened. pause: seconds it asks to wait before another request.
    """

    def __init__(self, message: str, hint: str, status: int, detail: str, pause: float = 0.0) -> None:
        super().__init__(message, hint)
        self.status = status
        self.detail = detail
        self.pause = pause


class OutcomeUnknownError(ServiceError):
    """A request that changes something was sent, and no answer came: it may have been done, whole or not at all.

    Never sent again blindly. The caller asks the server what it has, then goes on.
    """


class UnreachableError(ServiceError):
    """No connection, or none that lasted. The request was one that can be made again without harm."""


def refused(method: str, path: str, response: httpx2.Response, secrets: tuple[str, ...]) -> RefusedError:
    """The error for an answer that isn't a success."""
    status = response.status_code
    detail = reason_in(response, secrets)
    if 300 <= status < 400:
        target = _shortened(response.headers.get("location", "another address"), secrets)
        return RefusedError(
            f"The server sends {method} {path} on to {target}.", "Set LABEL_STUDIO_URL to that address.", status, detail
        )
    told = f": {detail}" if detail else ""
    hint = HINTS.get(status, SERVER_TROUBLE if status >= 500 else "Change what the server names, then run again.")
    pause = response.headers.get("retry-after", "")
    return RefusedError(
        f"Label Studio refused {method} {path} with {status}{told}.",
        hint,
        status,
        detail,
        float(pause) if pause.isdecimal() else 0.0,
    )


def unreachable(address: str, error: httpx2.HTTPError, secrets: tuple[str, ...] = ()) -> UnreachableError:
    """The error for a request that got no answer and changed nothing."""
    if isinstance(error, httpx2.TimeoutException):
        return UnreachableError(f"{address} didn't answer in time.", "Run the command again; if it stays so, check it.")
    return UnreachableError(
        f"Cannot reach {address}: {_cause(error, secrets)}.",
        "Check LABEL_STUDIO_URL and that the server runs; `corpus-kit studio` starts one on this machine.",
    )


def outcome_unknown(method: str, path: str, why: str) -> OutcomeUnknownError:
    """The error for a change of which no one knows whether it was made."""
    return OutcomeUnknownError(
        f"No answer came to {method} {path} ({why}); it may or may not have been done.",
        "Run the command again: it asks the server what it has before it writes anything.",
    )


def reason_in(response: httpx2.Response, secrets: tuple[str, ...] = ()) -> str:
    """The server's own words: `detail` and `validation_errors` of its JSON; nothing of an HTML page, no secret."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return "an HTML page" if "html" in response.headers.get("content-type", "") else ""
    if not isinstance(body, dict):
        return _shortened(json.dumps(body, ensure_ascii=False), secrets)
    parts = [str(body["detail"])] if body.get("detail") else []
    errors = body.get("validation_errors") or (None if parts else body)
    if errors:
        parts.append(json.dumps(errors, ensure_ascii=False))
    return _shortened(": ".join(parts), secrets).rstrip(". ")


def _shortened(text: str, secrets: tuple[str, ...]) -> str:
    """Scrubbed first: half a token is a secret, too."""
    return scrub(text, secrets)[:DETAIL_CHARACTERS]


def scrub(text: str, secrets: tuple[str, ...]) -> str:
    """The text without the token, should a server have echoed it."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return text


def _cause(error: BaseException, secrets: tuple[str, ...]) -> str:
    return _shortened(" ".join(str(error).split()), secrets) or type(error).__name__
