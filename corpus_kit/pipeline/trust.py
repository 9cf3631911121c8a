"""`trust`: what of a corpus may run, which server may get the key, and which may be sent texts.

`Corpus.trust` is the way in.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from corpus_kit.core.errors import UsageError
from corpus_kit.core.trust import Code, State, TrustStore, origin_of
from corpus_kit.core.workspace import Workspace
from corpus_kit.pipeline.models import codes_of


@dataclass(frozen=True, slots=True)
class ModelTrust:
    """One model whose code lies in the corpus or is named by it.

    model: as `corpus.toml` writes it. place: the module's file or the model's folder. files: all that would run or be
    loaded. sha256: of these. state: before anything was kept.
    """

    model: str
    place: str
    files: tuple[str, ...]
    sha256: str
    state: State


@dataclass(frozen=True, slots=True)
class ServerTrust:
    """The server of LABEL_STUDIO_URL or `corpus.toml`.

    origin: scheme, host and port. named_by: where its address comes from. plain_http: the key would go to another machine
    without encryption. trusted: whether it gets the key, before anything was kept.
    """

    origin: str
    named_by: str
    plain_http: bool
    trusted: bool


@dataclass(frozen=True, slots=True)
class ReaderTrust:
    """A server that a model of `corpus.toml` sends texts to.

    origin: scheme, host and port. models: as `corpus.toml` writes them. plain_http: texts would go to another machine
    without encryption. trusted: whether it is sent texts, before anything was kept.
    """

    origin: str
    models: tuple[str, ...]
    plain_http: bool
    trusted: bool


@dataclass(frozen=True, slots=True)
class Trust:
    """What was asked about. kept: whether something new was kept or forgotten."""

    models: tuple[ModelTrust, ...] = ()
    server: ServerTrust | None = None
    kept: bool = False
    readers: tuple[ReaderTrust, ...] = ()

    @property
    def open(self) -> bool:
        """Whether something is not trusted yet."""
        closed = [m.state == "trusted" for m in self.models] + [reader.trusted for reader in self.readers]
        return not all(closed) or (self.server is not None and not self.server.trusted)


Confirm = Callable[[Trust], bool]
"""Is shown what would be kept, and says whether to."""


def trust(
    workspace: Workspace,
    *,
    server: bool = False,
    plain_http: bool = False,
    forget: bool = False,
    confirm: Confirm | None = None,
    store: TrustStore | None = None,
) -> Trust:
    """Show, ask, keep. Exactly what was shown is kept, whatever happens to the files meanwhile.

    Raises:
        UsageError: There is no such server, or its key would go out in plain text and `plain_http` is not set.
        EnvironmentProblemError: The configuration folder cannot be written.
    """
    store = store or TrustStore()
    codes = [] if server else _codes(workspace)
    readers = () if server else _readers(workspace, store)
    named = tuple(_model(code, store) for code in codes)
    shown = Trust(named, _server(workspace, store) if server else None, readers=readers)
    if forget:
        store.forget(codes)
        for reader in readers:
            store.forget_reader(reader.origin)
        if shown.server is not None:
            store.forget_server(shown.server.origin)
        return replace(shown, kept=True)
    if not shown.open or (confirm is not None and not confirm(shown)):
        return shown
    if shown.server is not None:
        if shown.server.plain_http and not plain_http:
            raise UsageError(
                f"The key would go to {shown.server.origin} without encryption: anyone on the way can read it.",
                "Use an https address, or allow it for this server: `corpus-kit trust --server --plain-http`.",
            )
        store.allow_server(shown.server.origin, plain_http=shown.server.plain_http)
    for reader in readers:
        if reader.plain_http and not reader.trusted and not plain_http:
            raise UsageError(
                f"Texts would go to {reader.origin} without encryption: whoever is on the way can read them.",
                "Use an https address, or allow it: `corpus-kit trust --plain-http`.",
            )
        store.allow_reader(reader.origin)
    store.allow(codes)
    return replace(shown, kept=True)


def _codes(workspace: Workspace) -> list[Code]:
    from corpus_kit.suggest.entities.code import code_of

    found = [code_of(model.model, workspace.root) for model in workspace.config.suggest.entities.models]
    every = [code for code in found if code is not None] + codes_of(workspace, workspace.config.suggest.models)
    return list({code.key: code for code in every}.values())


def _model(code: Code, store: TrustStore) -> ModelTrust:
    files = tuple(str(path) for path, _ in code.files)
    return ModelTrust(code.name, str(code.place), files, code.sha256, store.state(code))


def _readers(workspace: Workspace, store: TrustStore) -> tuple[ReaderTrust, ...]:
    from corpus_kit.suggest.models.llm import address_of

    found: dict[str, list[str]] = {}
    plain: dict[str, bool] = {}
    for one in workspace.config.suggest.models:
        if one.model.partition(":")[0] == "llm":
            address = address_of(one.model)
            found.setdefault(address.origin, []).append(one.model)
            plain[address.origin] = address.plain_http
    return tuple(
        ReaderTrust(origin, tuple(dict.fromkeys(models)), plain[origin], store.may_read(origin))
        for origin, models in found.items()
    )


def _server(workspace: Workspace, store: TrustStore) -> ServerTrust:
    from corpus_kit.labelstudio.api.wire import checked_address, goes_in_plain_text
    from corpus_kit.labelstudio.server.connect import URL_OPTION

    named = os.environ.get(URL_OPTION, "").strip()
    url = named or workspace.config.label_studio.url
    if not url:
        raise UsageError(
            "No server is named.", f"Set {URL_OPTION}, or write `url` below [label_studio] in corpus.toml."
        )
    source = URL_OPTION if named else "corpus.toml"
    address = checked_address(url, source)
    origin, plain = origin_of(address), goes_in_plain_text(address)
    allowed = store.in_plain_text(origin) if plain else bool(named) or store.gets_the_key(origin)
    return ServerTrust(origin, source, plain, allowed)
