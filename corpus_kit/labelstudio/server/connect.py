"""Which server, and whose account: the environment's, the private one that runs beside the corpus, or none."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from corpus_kit.core.config.people import LabelStudio
from corpus_kit.core.errors import UsageError
from corpus_kit.core.trust import TrustStore, origin_of
from corpus_kit.labelstudio.api.client import LabelStudioClient
from corpus_kit.labelstudio.api.transport import AnswerLimits
from corpus_kit.labelstudio.api.wire import checked_address, goes_in_plain_text, is_loopback
from corpus_kit.labelstudio.server.process import running_server
from corpus_kit.labelstudio.server.settings import LOGIN_FILE, login_of

URL_OPTION, KEY_OPTION = "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"
STUDIO_FOLDER = "studio"
START = "`corpus-kit studio` starts a private Label Studio on this machine."


def connect(
    data: Path,
    configured_url: str,
    environ: Mapping[str, str] | None = None,
    store: TrustStore | None = None,
    *,
    limits: AnswerLimits | None = None,
) -> LabelStudioClient:
    """A client for the server this corpus belongs to; nothing is asked of it yet.

    In this order: LABEL_STUDIO_URL; the address in `corpus.toml` when there is a key for it; the private server of
    `data/studio` when it runs. A key belongs to the server that its owner named: one that only `corpus.toml` names gets it
    after `corpus-kit trust --server`, and none over plain http to another machine without that.

    Raises:
        UsageError: There is none, its key is missing, or it may not get the key.
    """
    environ = os.environ if environ is None else environ
    url, key = environ.get(URL_OPTION, "").strip(), environ.get(KEY_OPTION, "").strip()
    if url and not key:
        raise UsageError(f"{KEY_OPTION} isn't set.", "Copy a token from Account & Settings on the server into it.")
    if url or (configured_url and key):
        source = URL_OPTION if url else "corpus.toml"
        address = checked_address(url or configured_url, source)
        check_destination(address, source, store or TrustStore())
        return LabelStudioClient(address, key, limits=limits)
    private = running_server(data / STUDIO_FOLDER) if (data / STUDIO_FOLDER).is_dir() else None
    if private:
        return LabelStudioClient(private.url, private.login.token, limits=limits)
    if configured_url:
        raise UsageError(f"{KEY_OPTION} isn't set.", f"corpus.toml names {configured_url}; set a token for it.")
    raise UsageError(
        "No Label Studio is known here.", f"{START} For a team's server set {URL_OPTION} and {KEY_OPTION}."
    )


def client_of(data: Path, settings: LabelStudio) -> LabelStudioClient:
    """`connect`, with the server and the limits of `corpus.toml`."""
    return connect(data, settings.url, limits=limits_of(settings))


def limits_of(settings: LabelStudio) -> AnswerLimits:
    """How much a server may answer, as `corpus.toml` says."""
    return AnswerLimits(
        settings.max_answer_bytes, settings.max_export_bytes, settings.max_answer_seconds, settings.max_export_seconds
    )


def check_destination(address: str, named_by: str, store: TrustStore) -> None:
    """Raises UsageError where the key may not go to this address.

    Args:
        address: Of the server, checked.
        named_by: LABEL_STUDIO_URL or corpus.toml.
        store: What the user allowed.
    """
    origin = origin_of(address)
    if goes_in_plain_text(address) and not store.in_plain_text(origin):
        raise UsageError(
            f"Your key would go to {origin} without encryption: anyone on the way can read it.",
            "Use an https address, or allow it for this server: `corpus-kit trust --server --plain-http`.",
        )
    if named_by != URL_OPTION and not store.gets_the_key(origin):
        raise UsageError(
            f"corpus.toml names the server {origin}, which you have not confirmed; your key is not sent there.",
            f"`corpus-kit trust --server` confirms it once; or set {URL_OPTION} to the server the key is for.",
        )


def private_identity(data: Path, client: LabelStudioClient) -> str:
    """The name of the corpus's private server if that is what the client talks to, else ""; it reveals no account."""
    folder = data / STUDIO_FOLDER
    if not is_loopback(client.transport.url) or not (folder / LOGIN_FILE).is_file():
        return ""
    email = login_of(folder).email
    if client.account().get("email") != email:
        return ""
    return f"studio-{hashlib.sha256(email.encode()).hexdigest()[:12]}"
