"""The texts of the guidelines that people worked under, kept in the ledger: `data/imports/guidelines/<layer>-<hash>.md`.

An entry names the text by its hash. `pull` keeps the text itself, so that a later one can be held against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.layers import Layer, version_of
from corpus_kit.core.storage.folders import write_whole
from corpus_kit.ledger.ledger import Entry

FOLDER = "guidelines"
_SHORTEST = 6  # digits of a hash that name a text


@dataclass(frozen=True, slots=True)
class GuidelinesText:
    """One text. text: None where only its hash is known."""

    layer: str
    sha256: str
    version: str | None
    text: str | None


def keep_guidelines(ledger: Path, layer: Layer) -> None:
    """Keep the text of a layer's guidelines beside the entries that name it."""
    if layer.guidelines is None or layer.guidelines_sha256 is None:
        return
    path = ledger / FOLDER / f"{layer.name}-{layer.guidelines_sha256}.md"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, layer.guidelines.encode())


def known_guidelines(
    ledger: Path, entries: Iterable[Entry], layers: Mapping[str, Layer]
) -> dict[str, dict[str, GuidelinesText]]:
    """Layer → hash → text: the current one, and those that entries name or the ledger holds."""
    found: dict[str, dict[str, GuidelinesText]] = {name: {} for name in layers}
    for entry in entries:
        if entry.layer in found and entry.guidelines_sha256:
            found[entry.layer][entry.guidelines_sha256] = GuidelinesText(
                entry.layer, entry.guidelines_sha256, None, None
            )
    for name in layers:
        for path in sorted((ledger / FOLDER).glob(f"{name}-*.md")):
            sha = path.stem.removeprefix(f"{name}-")
            if len(sha) == 64:  # else the file of a layer whose name begins alike
                text = path.read_text(encoding="utf-8")
                found[name][sha] = GuidelinesText(name, sha, version_of(text), text)
    for name, layer in layers.items():
        if layer.guidelines_sha256:
            found[name][layer.guidelines_sha256] = GuidelinesText(
                name, layer.guidelines_sha256, layer.guidelines_version, layer.guidelines
            )
    return found


def named_guidelines(wanted: str, known: Mapping[str, Mapping[str, GuidelinesText]]) -> dict[str, frozenset[str]]:
    """Layer → the hashes of the texts that `wanted` names: a version, or the first digits of a hash.

    Raises UsageError where no layer has it.
    """
    if not wanted:
        return {}
    found = {
        layer: frozenset(
            sha
            for sha, text in texts.items()
            if text.version == wanted or (len(wanted) >= _SHORTEST and sha.startswith(wanted.lower()))
        )
        for layer, texts in known.items()
    }
    named = {layer: hashes for layer, hashes in found.items() if hashes}
    if named:
        return named
    names = sorted({text.version or sha[:12] for texts in known.values() for sha, text in texts.items()})
    raise UsageError(
        f"No layer had guidelines of version '{wanted}'.{did_you_mean(wanted, names)}",
        f"Known are: {', '.join(names) or 'none'}. A version is the line `Version: …` at the top of guidelines.md.",
    )
