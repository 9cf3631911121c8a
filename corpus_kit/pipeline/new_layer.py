"""A layer that an import makes: its folder, its config and its name in corpus.toml."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus_kit.core.config.corpus_toml import CORPUS_FILE
from corpus_kit.core.errors import UsageError, did_you_mean
from corpus_kit.core.workspace import Workspace

_NAME = re.compile(r"[a-z][a-z0-9_-]*")


def with_layer(workspace: Workspace, files: Sequence[str | Path], layer: str | None, source: str) -> Workspace:
    """The corpus with the layer that files of another tool are imported for; it is made where there is none.

    Args:
        workspace: The corpus.
        files: Files and folders of the tool.
        layer: Its name. One that is nearly that of another layer is left to be refused.
        source: The format.

    Raises:
        UsageError: No name for a layer, or files without labels.
    """
    from corpus_kit.ledger.formats import format_named
    from corpus_kit.ledger.formats.archive import collect
    from corpus_kit.ledger.formats.labeling import config_of

    layers = workspace.layers()
    if layer is None or layer in layers or workspace.root is None or did_you_mean(layer, list(layers)):
        return workspace
    if not _NAME.fullmatch(layer):
        raise UsageError(f"'{layer}' is no name for a layer.", "Use small letters, digits, '-' and '_'.")
    found = format_named(source)
    folder = workspace.root / "annotation" / layer
    if not (folder / "config.xml").is_file():
        write_layer(folder, config_of(found.pages(collect([Path(one) for one in files], found)), layer), "")
    register_layer(workspace.root / CORPUS_FILE, layer, {})
    return Workspace.open(workspace.root)


def write_layer(folder: Path, config: str, guidelines: str) -> None:
    """Write a layer's folder; guidelines: "" for none yet."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.xml").write_text(config.strip() + "\n", encoding="utf-8", newline="\n")
    if guidelines:
        (folder / "guidelines.md").write_text(guidelines, encoding="utf-8", newline="\n")


def register_layer(toml: Path, layer: str, settings: Mapping[str, Any]) -> None:
    """Name the layer in corpus.toml, and the settings that keep the project as it is where none are set."""
    text = toml.read_text(encoding="utf-8")
    found = re.search(r"(?m)^layers\s*=\s*\[([^\]]*)\]", text)
    if found is None:
        from corpus_kit.core.config.corpus_toml import load_config

        names = [*load_config(toml).layers, layer]
        line = f"layers = {json.dumps(list(dict.fromkeys(names)))}\n"
        at = re.search(r"(?m)^\[", text)
        text = text[: at.start()] + line + text[at.start() :] if at else f"{text.rstrip()}\n{line}"
    elif not re.search(rf"[\"']{re.escape(layer)}[\"']", found[1]):
        inside = found[1].rstrip().rstrip(",")
        text = (
            text[: found.start(1)]
            + (f"{inside}, " if inside.strip() else "")
            + json.dumps(layer)
            + text[found.end(1) :]
        )
    section = re.search(r"(?m)^\[label_studio\]\n((?:(?!\[).*\n?)*)", text)
    lines = [
        f"{k} = {json.dumps(v)}\n"
        for k, v in settings.items()
        if not (section and re.search(rf"(?m)^{k}\s*=", section[1]))
    ]
    if lines and section:
        text = text[: section.start(1)] + "".join(lines) + text[section.start(1) :]
    elif lines:
        text = f"{text.rstrip()}\n\n[label_studio]\n{''.join(lines)}"
    toml.write_text(text, encoding="utf-8", newline="\n")
