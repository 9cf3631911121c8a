"""Layers: what `annotation/<layer>/config.xml` and `guidelines.md` say, read here and nowhere else.

The label set of a layer stands in its Label Studio config only. What cannot be used is a `ConfigError`; what can be
used but will not become rows of a table is a `Finding` in `Layer.findings`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus_kit.core.errors import ConfigError, EnvironmentProblemError, did_you_mean
from corpus_kit.core.labelconfig import PATH_SEPARATOR, TASK_FIELDS, Control, DataObject, path_label, read_config
from corpus_kit.core.records import Finding

__all__ = [
    "PATH_SEPARATOR",
    "TASK_FIELDS",
    "Control",
    "DataObject",
    "Layer",
    "check_names",
    "compatible_change",
    "label_sets",
    "load_layer",
    "load_layers",
    "path_label",
    "version_of",
]

MAX_BYTES = 1 << 20

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_VERSION = re.compile(r"^[*_> ]*version[*_]*:[*_]*\s*(?P<version>\S.*?)[*_ ]*$", re.IGNORECASE)
_DECLARATION = re.compile(r"\A<\?xml(?P<body>[^>]*)\?>")
_ENCODING = re.compile(r"encoding\s*=\s*[\"'](?P<encoding>[^\"']*)[\"']")


@dataclass(frozen=True, slots=True)
class Layer:
    """One `annotation/<layer>/` folder.

    config_xml: the text as a server takes it and gives it back: LF, no BOM, no XML declaration (a declared encoding is
        answered with 500), no white space around it (servers trim it).
    config_sha256, guidelines_sha256: of the file's bytes after CRLF became LF: a Windows checkout is the same layer.
    guidelines_version: from the `Version: …` line at the top of the guidelines.
    """

    name: str
    config_xml: str
    config_sha256: str
    guidelines: str | None
    guidelines_sha256: str | None
    guidelines_version: str | None
    controls: tuple[Control, ...]
    objects: tuple[DataObject, ...]
    findings: tuple[Finding, ...] = ()

    def control(self, name: str) -> Control | None:
        """The control of that name; None if the config has none (an old annotation may name one that is gone)."""
        return next((c for c in self.controls if c.name == name), None)

    @property
    def text_object(self) -> DataObject:
        """The object that shows the document's text; spans point into it."""
        return next(o for o in self.objects if o.shows_document)

    @property
    def text_key(self) -> str:
        """The key of a task's data that holds the document's text, with dots into nested data."""
        return self.text_object.field or "text"

    @property
    def targets(self) -> tuple[str, ...]:
        """What the `<layer>_<target>` choices are about, in document order."""
        return tuple(c.target for c in self.controls if c.target is not None)


def label_sets(layer: Layer) -> dict[str, tuple[str, ...]]:
    """Labels by control name, in document order, for the controls that have a fixed set."""
    return {c.name: c.labels for c in layer.controls if c.labels}


def load_layers(root: Path, names: Sequence[str]) -> dict[str, Layer]:
    """The named layers below `root` (a corpus's `annotation/` folder), in the order of `names`.

    Raises ConfigError for a name that is no plain folder name or has no folder, and whatever `load_layer` raises.
    """
    layers = {}
    for name in names:
        if not _NAME.fullmatch(name):
            hint = "Begin with a letter or digit and use letters, digits, '_', '-' and '.' only."
            raise ConfigError(f"'{name}' cannot be the name of a layer.", hint)
        if not (root / name).is_dir():
            there = sorted(p.name for p in root.iterdir() if p.is_dir()) if root.is_dir() else []
            hint = f"Create {root.name}/{name}/config.xml, or take '{name}' out of the layers in corpus.toml."
            raise ConfigError(f"There is no layer '{name}' in {root.name}/.{did_you_mean(name, there)}", hint)
        layers[name] = load_layer(root / name)
    return layers


def check_names(layers: Mapping[str, Layer], adjudicated: Iterable[str], orders: Mapping[str, Sequence[str]]) -> None:
    """Names in `corpus.toml` that only the layers can vouch for; a misspelled one would be passed over in silence.

    adjudicated: the layers under `[adjudication.layers]`. orders: control → labels, as in `[agreement.orders]`.
    Raises ConfigError with the name that was probably meant.
    """
    for name in adjudicated:
        if name not in layers:
            near = did_you_mean(name, list(layers))
            raise ConfigError(f"corpus.toml: [adjudication.layers.{name}] names no layer.{near}", "See `layers` there.")
    labels = {control: known for layer in layers.values() for control, known in label_sets(layer).items()}
    for control, ordered in orders.items():
        if control not in labels:
            near = did_you_mean(control, list(labels))
            hint = f"Controls with labels: {', '.join(labels)}."
            raise ConfigError(
                f"corpus.toml: [agreement.orders] names '{control}', no control has that name.{near}", hint
            )
        for label in ordered:
            if label not in labels[control]:
                near = did_you_mean(label, list(labels[control]))
                hint = f"Its labels: {', '.join(labels[control])}."
                raise ConfigError(f"corpus.toml: the order of '{control}' names '{label}', no label of it.{near}", hint)


def load_layer(folder: Path) -> Layer:
    """Read and check one layer's folder; the folder's name is the layer's.

    Raises
    ------
    ConfigError: no config.xml, a file that is not UTF-8 or too large, and all that `read_config` complains about.
    EnvironmentProblemError: a file that is there and cannot be read.
    """
    config_file, guidelines_file = (f"{folder.parent.name}/{folder.name}/{n}" for n in ("config.xml", "guidelines.md"))
    raw_config, raw_guidelines = _read(folder / "config.xml"), _read(folder / "guidelines.md")
    if raw_config is None:
        hint = "Write a Label Studio labeling config there, or take the layer out of corpus.toml."
        raise ConfigError(f"{config_file} does not exist.", hint)
    config_xml = _without_declaration(_text(raw_config, config_file), config_file)
    controls, objects, findings = read_config(config_xml, folder.name, config_file)
    guidelines = None if raw_guidelines is None else _text(raw_guidelines, guidelines_file)
    return Layer(
        name=folder.name,
        config_xml=config_xml.strip(),
        config_sha256=_sha256(raw_config),
        guidelines=guidelines,
        guidelines_sha256=None if raw_guidelines is None else _sha256(raw_guidelines),
        guidelines_version=version_of(guidelines or ""),
        controls=controls,
        objects=objects,
        findings=findings,
    )


def compatible_change(old: Layer, new: Layer) -> list[Finding]:
    """What of `old` is gone or means something else in `new`; empty when every old answer still fits.

    Additions are compatible. `row` is `control=<name>` or `object=<name>`; `column` is the label where one disappeared,
    so that push can ask the server which tasks use it. Whether any does is push's question, not this function's.
    """
    findings = []

    def report(code: str, row: str, hint: str, column: str = "") -> None:
        findings.append(Finding(code, f"annotation/{new.name}/config.xml", row, column, hint))

    now_shown = {o.name: (o.tag.lower(), o.value) for o in new.objects}
    for shown in old.objects:
        if now_shown.get(shown.name) != (shown.tag.lower(), shown.value):
            report("object_changed", f"object={shown.name}", f"<{shown.tag}> was removed or shows something else now.")
    for was in old.controls:
        now, row = new.control(was.name), f"control={was.name}"
        if now is None:
            report("control_removed", row, f"<{was.tag}> '{was.name}' is no longer in the config.")
            continue
        if now.result_type != was.result_type:
            report("control_type_changed", row, f"'{was.name}' was <{was.tag}> and is <{now.tag}> now.")
            continue
        if now.per_region != was.per_region:
            report("control_scope_changed", row, "It moved between the whole document and single spans (perRegion).")
        if lost := sorted(set(was.to_name) - set(now.to_name)):
            report("control_object_changed", row, f"Its toName no longer names {', '.join(lost)}.")
        if was.multiple and not now.multiple:
            report("control_narrowed", row, "It allowed several answers and allows only one now.")
        for label in was.labels:
            if label not in now.labels and not now.dynamic:
                report("label_removed", row, f"'{label}' is no longer a label of '{was.name}'.", label)
    return findings


def _read(path: Path) -> bytes | None:
    """The bytes of a config or guidelines file, None if there is no such file."""
    place = "/".join(path.parts[-3:])
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        hint = "Check that it is a file and that you may read it."
        raise EnvironmentProblemError(f"{place} cannot be read: {error.strerror}.", hint) from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(f"{place} is larger than {MAX_BYTES} bytes.", "Shorten it.")
    return raw


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw.replace(b"\r\n", b"\n")).hexdigest()


def _text(raw: bytes, file: str) -> str:
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}, line {line}: not UTF-8.", "Save the file as UTF-8.") from error


def _without_declaration(xml: str, file: str) -> str:
    declaration = _DECLARATION.match(xml)
    if declaration is None:
        return xml
    encoding = _ENCODING.search(declaration["body"])
    if encoding and encoding["encoding"].lower() not in ("utf-8", "utf8", "us-ascii", "ascii"):
        what = f"{file}, line 1: declares the encoding '{encoding['encoding']}'."
        raise ConfigError(what, "Save the file as UTF-8 and remove the declaration.")
    return xml[declaration.end() :]


def version_of(guidelines: str) -> str | None:
    """The version that a text of guidelines names, in the line `Version: …` at its top."""
    for line in guidelines.split("\n")[:10]:
        if found := _VERSION.match(line):
            return found["version"]
    return None
