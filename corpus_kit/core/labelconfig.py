"""A Label Studio labeling config, read with a hardened parser into controls and objects.

Label Studio compares tag and attribute names without regard to case, stores a label's `alias` where there is one and
its `value` otherwise, and accepts tags no one knows. So does this module; it adds the complaints the server does not
make, with file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl, Locator

import defusedxml.sax
from defusedxml.common import DefusedXmlException, DTDForbidden

from corpus_kit.core.errors import ConfigError, did_you_mean
from corpus_kit.core.records import Finding

# What push puts into every task's data; a config may show any of them.
TASK_FIELDS = ("doc_id", "text", "text_sha256", "title", "outlet", "published_on", "language", "source", "url")
PATH_SEPARATOR = " / "  # between the levels of a taxonomy path, as Label Studio displays them
MAX_DEPTH = 100

_VARIABLE = re.compile(r"\$([A-Za-z_]\w*(?:\.\w+)*)")
# Tag -> kind, for the controls whose results become rows of a table.
_KINDS = {
    "labels": "labels",
    "hypertextlabels": "labels",
    "paragraphlabels": "labels",
    "choices": "choices",
    "taxonomy": "taxonomy",
    "rating": "rating",
    "number": "number",
    "textarea": "textarea",
    "relations": "relations",
}
_VALUE_KEYS = {"textarea": "text", "relations": "labels"}
_CHILD = {"labels": "label", "choices": "choice", "taxonomy": "choice", "relations": "relation"}
_TEXT_OBJECTS = {"text", "hypertext", "paragraphs"}
_OBJECTS = _TEXT_OBJECTS | {"audio", "chat", "image", "list", "pdf", "table", "timeseries", "video"}
_SHAPE = "bitmask|brush|ellipse|keypoint|ocr|polygon|rectangle|timeline|timeseries|vector|videorectangle|videovector"
_OTHER_CONTROL = re.compile(rf"({_SHAPE})(labels)?|chatmessage|datetime|magicwand|pairwise|ranker|reactcode")
_LABELS = {"label", "choice", "relation"}
_FURNITURE = {"view", "style", "header", "filter", "collapse", "panel", "shortcut", "bucket", "channel", "repeater"}
_KNOWN = sorted(_KINDS.keys() | _OBJECTS | _LABELS | _FURNITURE | {"markdown"})


@dataclass(frozen=True, slots=True)
class Control:
    """One control tag of a config: what annotators answer with.

    kind: labels, choices, taxonomy, rating, number, textarea, relations; any other tag keeps its own lower-case name
        and its results stay in `payload`.
    to_name: the objects it labels, nearly always one; empty for relations.
    labels: stored values in document order; full paths for a taxonomy and for nested choices (see `path_label`). Empty
        where the control has none, or where they come with each task (`dynamic`).
    target: what a `<layer>_<target>` choice is about, else None.
    per_region: the answer belongs to a span, not to the document.
    """

    name: str
    tag: str
    kind: str
    to_name: tuple[str, ...]
    labels: tuple[str, ...] = ()
    target: str | None = None
    per_region: bool = False
    multiple: bool = False
    required: bool = False
    dynamic: bool = False
    visible_when: str | None = None
    when_tag_name: str | None = None
    when_label_value: str | None = None
    when_choice_value: str | None = None

    @property
    def result_type(self) -> str:
        """`type` of this control's results in Label Studio's JSON."""
        return "relation" if self.kind == "relations" else self.tag.lower()

    @property
    def value_key(self) -> str:
        """The key that holds a result's answer: `labels`, `choices`, `text`, …"""
        return _VALUE_KEYS.get(self.kind, self.tag.lower())

    @property
    def payload_only(self) -> bool:
        """True where no table has a column for the results; they are kept in `payload` and counted."""
        return self.kind not in _KINDS.values()


@dataclass(frozen=True, slots=True)
class DataObject:
    """One object tag: what annotators look at.

    field: the key of the task's data it shows, with dots into nested data (`meta.text`); None for a constant.
    shows_document: it shows the document's text: the object that shows `$text`, else the one the labels are about.
    by_address: the task holds an address of what is shown, not the text itself.
    """

    name: str
    tag: str
    value: str
    field: str | None
    shows_document: bool = False
    by_address: bool = False


def path_label(parts: Sequence[str]) -> str:
    """`("Online", "Free")` → `"Online / Free"`: a taxonomy path as one string, unique within its control."""
    return PATH_SEPARATOR.join(parts)


def read_config(
    xml: str, layer: str, file: str
) -> tuple[tuple[Control, ...], tuple[DataObject, ...], tuple[Finding, ...]]:
    """Controls and objects in document order, and what is odd about them.

    `file` is the name used in messages. Raises ConfigError for malformed XML, a DTD or an entity definition, no object
    that shows `$text`, a control without name or whose `toName` names nothing, a name used twice, a label twice in one
    control, a label without value, an empty label set.
    """
    return _ConfigReader(layer, file, list(_parse(xml, file).walk())).read()


@dataclass(slots=True, eq=False)
class _Tag:
    """A tag with the line it starts on; attribute names in lower case."""

    name: str
    attributes: dict[str, str]
    line: int
    parent: _Tag | None
    children: list[_Tag] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.name.lower()

    def get(self, name: str) -> str:
        return self.attributes.get(name.lower(), "")

    def flag(self, name: str) -> bool:
        return self.get(name).lower() == "true"

    def walk(self) -> Iterator[_Tag]:
        for child in self.children:
            yield child
            yield from child.walk()

    def ancestors(self) -> Iterator[_Tag]:
        tag = self.parent
        while tag is not None:
            yield tag
            tag = tag.parent


class _TreeBuilder(ContentHandler):
    """SAX tells the line of every tag, ElementTree does not. (The method names are the SAX interface's.)"""

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = file
        self.root = _Tag("", {}, 0, None)
        self.open = [self.root]
        self.locator: Locator | None = None

    def setDocumentLocator(self, locator: Locator) -> None:
        self.locator = locator

    def startElement(self, name: str, attrs: AttributesImpl) -> None:
        line = (self.locator.getLineNumber() if self.locator else None) or 0
        if len(self.open) > MAX_DEPTH:
            raise ConfigError(f"{self.file}, line {line}: more than {MAX_DEPTH} tags deep.", "Flatten the config.")
        tag = _Tag(name, {key.lower(): value for key, value in attrs.items()}, line, self.open[-1])
        self.open[-1].children.append(tag)
        self.open.append(tag)

    def endElement(self, name: str) -> None:
        self.open.pop()


def _parse(xml: str, file: str) -> _Tag:
    builder = _TreeBuilder(file)
    try:
        defusedxml.sax.parseString(xml.encode("utf-8"), builder, forbid_dtd=True)
    except SAXParseException as error:
        raise ConfigError(
            f"{file}, line {error.getLineNumber()}: malformed XML, {error.getMessage()}.",
            'Close every tag; write & as &amp;, < as &lt;, and " inside a value as &quot;.',
        ) from error
    except DefusedXmlException as error:
        what = "a document type (<!DOCTYPE …>)" if isinstance(error, DTDForbidden) else "an entity definition"
        raise ConfigError(f"{file} contains {what}, which is not read.", "Remove it, write its text out.") from error
    return builder.root


class _ConfigReader:
    def __init__(self, layer: str, file: str, tags: list[_Tag]) -> None:
        self.layer, self.file, self.tags = layer, file, tags
        self.findings: list[Finding] = []

    def read(self) -> tuple[tuple[Control, ...], tuple[DataObject, ...], tuple[Finding, ...]]:
        self._check_names()
        objects = self._with_document([self._object(t) for t in self.tags if t.kind in _OBJECTS and t.get("name")])
        if not any(o.shows_document for o in objects):
            message = f"{self.file} has no object that shows the document's text."
            raise ConfigError(message, 'Add <Text name="text" value="$text"/>; tasks carry the text under that key.')
        controls = tuple(self._control(t, [o.name for o in objects]) for t in self.tags if _is_control(t))
        names = {o.name for o in objects} | {c.name for c in controls}
        for tag in self.tags:
            self._note_oddities(tag, names)
        return controls, objects, tuple(self.findings)

    def _with_document(self, objects: list[DataObject]) -> tuple[DataObject, ...]:
        """The objects, with every one marked that shows the document's text."""
        shown = [o for o in objects if o.tag.lower() in _TEXT_OBJECTS and o.field]
        named = {
            part.strip() for t in self.tags for part in t.get("toName").split(",") if _KINDS.get(t.kind) == "labels"
        }
        chosen = [o for o in shown if o.field == "text"] or [o for o in shown if o.name in named] or shown
        fields = {chosen[0].field} if chosen else set()
        return tuple(replace(o, shows_document=o in shown and o.field in fields) for o in objects)

    def _fail(self, tag: _Tag, what: str, hint: str) -> NoReturn:
        name = f" '{tag.get('name')}'" if tag.get("name") else ""
        raise ConfigError(f"{self.file}, line {tag.line}: <{tag.name}>{name} {what}.", hint)

    def _check_names(self) -> None:
        first: dict[str, _Tag] = {}
        for tag in (t for t in self.tags if t.get("name")):
            earlier = first.setdefault(tag.get("name"), tag)
            if earlier is not tag:
                self._fail(tag, f"has the same name as <{earlier.name}> on line {earlier.line}", "Rename one of them.")

    def _object(self, tag: _Tag) -> DataObject:
        value = tag.get("valueList") or tag.get("value")
        if not value:
            self._fail(tag, "has no value", 'Write for instance value="$text".')
        variable = _VARIABLE.fullmatch(value)
        by_address = tag.get("valueType").lower() == "url"
        return DataObject(tag.get("name"), tag.name, value, variable[1] if variable else None, by_address=by_address)

    def _control(self, tag: _Tag, objects: list[str]) -> Control:
        kind = _KINDS.get(tag.kind, tag.kind)
        name = tag.get("name") or ("relations" if kind == "relations" else "")
        if not name:
            self._fail(tag, "has no name", 'Add name="…"; results are stored under it.')
        target = name.removeprefix(f"{self.layer}_") if kind == "choices" else name
        dynamic = tag.get("value").startswith("$") or bool(tag.get("apiUrl"))
        return Control(
            name=name,
            tag=tag.name,
            kind=kind,
            to_name=self._to_name(tag, objects),
            labels=self._labels(tag, kind, dynamic) if kind in _CHILD else (),
            target=target if target != name and target else None,
            per_region=kind == "labels" or tag.flag("perRegion") or (kind == "taxonomy" and tag.flag("labeling")),
            multiple=tag.get("choice") == "multiple" or (kind == "taxonomy" and tag.get("maxUsages") != "1"),
            required=tag.flag("required"),
            dynamic=dynamic,
            visible_when=tag.get("visibleWhen") or None,
            when_tag_name=tag.get("whenTagName") or None,
            when_label_value=tag.get("whenLabelValue") or None,
            when_choice_value=tag.get("whenChoiceValue") or None,
        )

    def _to_name(self, tag: _Tag, objects: list[str]) -> tuple[str, ...]:
        names = tuple(part.strip() for part in tag.get("toName").split(",") if part.strip())
        if not names and tag.kind in _KINDS.keys() - {"relations"}:
            self._fail(tag, "has no toName", f"Set toName to what it labels, one of: {', '.join(objects)}.")
        # An unknown tag may well be an object this module has not heard of.
        there = {*objects, *(t.get("name") for t in self.tags if not _is_known(t))}
        for name in (n for n in names if n not in there):
            what = f"labels '{name}' (toName), but nothing to label has that name"
            self._fail(tag, what, f"Set toName to one of: {', '.join(objects)}.{did_you_mean(name, objects)}")
        return names

    def _labels(self, tag: _Tag, kind: str, dynamic: bool) -> tuple[str, ...]:
        nested = kind == "taxonomy" or tag.flag("allowNested")
        lines: dict[str, int] = {}
        for child in (t for t in tag.walk() if t.kind == _CHILD[kind]):
            outer = [t for t in child.ancestors() if t.kind == child.kind]
            if outer and not nested:
                continue  # the labeling page does not offer these either
            if tag.flag("leafsOnly") and any(t.kind == child.kind for t in child.children):
                continue
            label = path_label([self._stored(t) for t in (*reversed(outer), child)])
            if label in lines:
                what = f"repeats '{label}', which is on line {lines[label]}"
                self._fail(child, what, "Remove one of them, or give it a value (or alias) of its own.")
            lines[label] = child.line
        if not lines and not dynamic and kind != "relations":
            example = f'<{_CHILD[kind].title()} value="…"/>'
            self._fail(tag, "has no labels", f"Add {example} inside it, or remove the control.")
        return tuple(lines)

    def _stored(self, tag: _Tag) -> str:
        stored = tag.get("alias") or tag.get("value")
        if not stored:
            self._fail(
                tag, "has no value", 'Write value="…"; it is stored with every annotation and becomes the label.'
            )
        return stored

    def _note_oddities(self, tag: _Tag, names: set[str]) -> None:
        row = f"control={tag.get('name')}" if tag.get("name") else ""

        def note(code: str, hint: str) -> None:
            self.findings.append(Finding(code, self.file, row, tag.name, f"Line {tag.line}: {hint}"))

        if not _is_known(tag) and _is_control(tag):
            note("unknown_control", f"an unknown control, its results stay in payload.{did_you_mean(tag.kind, _KNOWN)}")
        elif not _is_known(tag):
            note("unknown_tag", f"an unknown tag, the page may not show it.{did_you_mean(tag.kind, _KNOWN)}")
        elif _is_control(tag) and tag.kind not in _KINDS:
            note("payload_only_control", "no table has a column for its results, they stay in payload.")
        elif tag.kind == "repeater":
            note("repeater", "servers drop its suggestions and freeze the config; write one block per item instead.")
        elif tag.kind in _LABELS and not any(_is_control(t) for t in tag.ancestors()):
            note("stray_label", "it is outside every control, so no one can choose it.")
        if (when := tag.get("whenTagName")) and when not in names:
            note("condition_names_nothing", f"whenTagName='{when}' names no tag.{did_you_mean(when, sorted(names))}")
        if tag.kind not in _LABELS and tag.kind not in _TEXT_OBJECTS:
            for unknown in sorted(set(_VARIABLE.findall(tag.get("value"))) - set(TASK_FIELDS)):
                note("unknown_task_field", f"shows ${unknown}; tasks carry {', '.join(TASK_FIELDS)}.")


def _is_control(tag: _Tag) -> bool:
    if tag.kind in _OBJECTS:
        return False
    if _is_known(tag):
        return tag.kind in _KINDS or bool(_OTHER_CONTROL.fullmatch(tag.kind))
    return bool(tag.get("name") and tag.get("toName"))


def _is_known(tag: _Tag) -> bool:
    return tag.kind in _KNOWN or bool(_OTHER_CONTROL.fullmatch(tag.kind))
