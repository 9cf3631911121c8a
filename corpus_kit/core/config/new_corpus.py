"""`init`: the files of a new corpus, with the layers that are asked for."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from corpus_kit.core.config.corpus_toml import CORPUS_FILE
from corpus_kit.core.config.layer_files import STANCE, LayerRequest, add_layer
from corpus_kit.core.config.template import CARD_FILE, Written, shipped
from corpus_kit.core.errors import UsageError, did_you_mean

DEFAULT_LAYERS = ("boilerplate", "entities")
"""Of a new corpus; stance needs to be told about what."""


def init_corpus(folder: Path, layers: Sequence[str] = (), targets: Sequence[str] = ()) -> Written:
    """Write the template into `folder`; a file that is there already is never touched.

    Args:
        folder: Where the corpus is to be.
        layers: What is to be labelled, of the layers that are shipped; by default all that need no word of yours.
        targets: What stance is asked about; with them, the layer `stance` is one of the layers.

    Raises:
        UsageError: It is a corpus already, or no folder; a layer that is not shipped; stance without a target.
    """
    chosen = dict.fromkeys([*(layers or DEFAULT_LAYERS), *([STANCE] if targets else [])])
    if (folder / CORPUS_FILE).exists():
        raise UsageError(
            f"{folder} is a corpus already.", f"Put texts into {folder / 'data' / 'raw'} and run `corpus-kit build`."
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file.", "Name a folder.")
    written = Written()
    (folder / "data" / "raw").mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("-._")
    settings = shipped(CORPUS_FILE).read_text(encoding="utf-8")
    if len(name) < 3:
        name = f"corpus-{name}".rstrip("-")
    known = sorted(p.name for p in shipped("annotation").iterdir() if p.is_dir())
    for layer in chosen:
        if layer not in known:
            hint = f"Shipped are {', '.join(known)}; `corpus-kit layer add` makes one of your own."
            raise UsageError(f"There is no layer '{layer}' to begin with.{did_you_mean(layer, known)}", hint)
    requests = [LayerRequest(layer, tuple(targets) if layer == STANCE else ()) for layer in chosen]
    if any(request.name == STANCE and not request.targets for request in requests):
        raise UsageError("Stance is asked about something.", 'Name it: --stance-target "Tram line", once for each.')
    settings = settings.replace("{name}", name[:96]).replace("{layers}", json.dumps(list(chosen)))
    _write(folder, CORPUS_FILE, settings, written)
    _write(folder, CARD_FILE, shipped(CARD_FILE).read_text(encoding="utf-8"), written)
    _write(folder, ".gitignore", shipped("gitignore").read_text(encoding="utf-8"), written)
    root = shipped("schemas")
    for source in sorted(p for p in root.rglob("*") if p.is_file() and not p.name.startswith(".")):
        _copy(source, folder, f"schemas/{source.relative_to(root).as_posix()}", written)
    for request in requests:
        layer_files = add_layer(folder, request)
        written.made += layer_files.made
        written.kept += layer_files.kept
    return written


def _write(folder: Path, name: str, text: str, written: Written) -> None:
    target = folder / name
    if target.exists():
        written.kept.append(name)
        return
    target.write_text(text, encoding="utf-8", newline="\n")
    written.made.append(name)


def _copy(source: Path, folder: Path, name: str, written: Written) -> None:
    target = folder / name
    if target.exists():
        written.kept.append(name)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    written.made.append(name)
