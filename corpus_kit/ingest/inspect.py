"""What is there, before anything is built: files that are alike as groups, how they would be read, and the lines for it.

It reads as `build` does, with the same code, but only the first records of the first files of a group.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from corpus_kit.core.config import Input
from corpus_kit.ingest.discover import Discovered, RawFile, list_files
from corpus_kit.ingest.fields import lookup, nested_names
from corpus_kit.ingest.formats import split_compression, suffix_of
from corpus_kit.ingest.formats.base import RawRecord, ReadingNotes, ReadSettings, RejectedRecord
from corpus_kit.ingest.known import COLUMNS, propose_all
from corpus_kit.ingest.readers import read_file
from corpus_kit.ingest.rules import Rules, make_rules
from corpus_kit.ingest.values import read_date, read_language

_FILES, _RECORDS = 20, 200
_SHOWN = 60
_IDS_SEEN = 0.9


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """A field of a group.

    Attributes:
        name: Its name, or its path within nested fields.
        filled: In how many of the records that were read it has a value.
        example: The first value, cut.
        column: The column that it fills or would fill, "" for none.
        used: Whether it fills that column as the settings are.
    """

    name: str
    filled: int
    example: str
    column: str = ""
    used: bool = False


@dataclass(slots=True)
class Group:
    """Files that are alike: of one format, dialect and set of fields.

    Attributes:
        glob: Names its files.
        files, bytes: How many, and their bytes on the disk.
        first: Source of the first.
        settled: Format, compression, codec and dialect.
        records: How many were read for this; taken: of these, how many would be documents.
        fields: What the records have.
        columns: Column → the field that would fill it with the lines below.
        odd: Sentences.
        rejected: reason → (how many, the first detail).
        settings: Keys of the entry in `[[input.files]]` that has them read so, without those that need no words.
    """

    glob: str
    files: int
    bytes: int
    first: str
    settled: dict[str, Any]
    records: int = 0
    taken: int = 0
    fields: list[FieldFacts] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)
    rejected: dict[str, tuple[int, str]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Inspected:
    """What `inspect` found.

    Attributes:
        groups: Files that are read.
        not_read: (suffix, files, advice) of those that are not.
        metadata: Sources of files with facts about other files.
        hidden: How many hidden files are left out.
        lines: What `corpus.toml` needs, "" for nothing.
    """

    groups: list[Group] = field(default_factory=list)
    not_read: list[tuple[str, int, str]] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)
    hidden: int = 0
    lines: str = ""


@dataclass(slots=True)
class _Sample:
    """What was read of a file: its first records."""

    file: RawFile
    notes: ReadingNotes
    records: list[RawRecord]
    refused: list[RejectedRecord]
    whole: bool


def inspect_files(raw: Sequence[str | Path], settings: Input) -> Inspected:
    """Look at the files that `raw` stands for.

    Args:
        raw: Folders, globs or files.
        settings: `[input]` of the corpus.

    Raises:
        UsageError: A path that does not exist, a glob that matches nothing.
    """
    rules = make_rules(settings)
    found = Discovered()
    files = list(list_files(raw, found, rules.named))
    made = Inspected(metadata=[sidecar.source for sidecar in found.sidecars], hidden=found.ignored)
    counts: Counter[tuple[str, str]] = Counter()
    for row in found.rejected:
        if row.reason == "unsupported_format" and row.source:
            counts[suffix_of(row.source), row.detail.partition("; ")[2] or row.detail] += 1
    by_suffix: dict[str, tuple[str, int, str]] = {}
    for (suffix, advice), count in counts.items():
        before = by_suffix.get(suffix, (suffix, 0, advice))
        by_suffix[suffix] = (suffix, before[1] + count, before[2])
    made.not_read = sorted(by_suffix.values())
    for alike in _by_name(files):
        made.groups += _groups(alike, rules)
    made.lines = toml_lines(made.groups)
    return made


def _by_name(files: Iterable[RawFile]) -> Iterator[list[RawFile]]:
    """Files of one suffix and compression together, pages apart from files of many records."""
    alike: dict[tuple[str, str, str | None], list[RawFile]] = {}
    for file in files:
        alike.setdefault((file.format, suffix_of(file.plain_path), file.compression), []).append(file)
    yield from alike.values()


def _groups(files: list[RawFile], rules: Rules) -> list[Group]:
    """Groups of files of one suffix; a few files are read, the others count with the group of the files beside them."""
    step = max(len(files) // _FILES, 1)
    samples = [_sample(file, rules) for file in files[::step][:_FILES]]
    groups: list[list[_Sample]] = []
    for sample in samples:
        group = next((g for g in groups if _alike(g[0].notes, sample.notes)), None)
        if group is None:
            groups.append([sample])
        else:
            group.append(sample)
    made = []
    for members in groups:
        if len(groups) == 1:
            count, size = len(files), sum(f.size for f in files)
        else:  # of many files of several kinds, the share of each is estimated
            count = round(len(members) / len(samples) * len(files)) if step > 1 else len(members)
            size = sum(m.file.size for m in members) * count // len(members)
        glob = _glob(members, files, len(groups) > 1)
        made.append(_group(glob, count, size, members, rules))
    return made


def _alike(one: ReadingNotes, other: ReadingNotes) -> bool:
    """Whether two files are read alike and mostly have the same fields."""
    a, b = one.settled, other.settled
    if a.format == b.format == "text":  # a page of ASCII is in any codec
        a, b = a._replace(encoding=""), b._replace(encoding="")
    if a != b:
        return False
    fields = set(one.fields), set(other.fields)
    return len(fields[0] & fields[1]) >= 0.5 * len(fields[0] | fields[1])


def _sample(file: RawFile, rules: Rules) -> _Sample:
    notes = ReadingNotes()
    records: list[RawRecord] = []
    refused: list[RejectedRecord] = []
    items = iter(read_file(file, rules, notes))
    for item in islice(items, _RECORDS):
        if isinstance(item, RawRecord):
            records.append(item)
        else:
            refused.append(item)
    whole = len(records) + len(refused) < _RECORDS
    close = getattr(items, "close", None)
    if close is not None:
        close()
    return _Sample(file, notes, records, refused, whole)


def _glob(members: list[_Sample], files: list[RawFile], several: bool) -> str:
    """A glob for the files of a group: by suffix, or by name where one suffix has several groups."""
    if len(files) == 1:
        return files[0].path
    if several and len(members) == 1:
        return members[0].file.path
    folder = os.path.commonpath([m.file.path.rpartition("/")[0] or "." for m in members]) if several else ""
    plain, _ = split_compression(members[0].file.path)
    suffix = os.path.splitext(plain)[1] + members[0].file.path[len(plain) :]
    return f"{folder}/**/*{suffix}" if folder not in ("", ".") else f"*{suffix}"


def _group(glob: str, count: int, size: int, members: list[_Sample], rules: Rules) -> Group:
    reading = rules.of(members[0].file.path)
    settled = members[0].notes.settled._asdict()
    shown = {k: v for k, v in settled.items() if v not in ("", None)}
    made = Group(glob, count, size, members[0].file.source, shown)
    made.taken = sum(len(m.records) for m in members)
    made.records = made.taken + sum(len(m.refused) for m in members)
    for item in (item for m in members for item in m.refused):
        number, detail = made.rejected.get(item.refusal.reason, (0, item.refusal.detail))
        made.rejected[item.refusal.reason] = (number + 1, detail)
    made.odd = list(dict.fromkeys(sentence for m in members for sentence in m.notes.odd))
    texts = [
        {reading.text: r.decoded.text} | r.fields if _has_fields(r, members) else r.fields for r in _records(members)
    ]
    rows = texts + [fields for fields in _raw_fields(members, rules) if fields]
    if "no_header" in made.rejected:
        reading = replace(reading, header=False)
        rows = _by_number(members, reading)
    made.fields, made.columns = _fields(rows, reading)
    if reading.header is False and rows and "text" not in made.columns:
        made.columns = {
            "text": max(rows[0], key=lambda n: sum(len(str(row.get(n, ""))) for row in rows))
        } | made.columns
    made.settings = _settings(made, reading)
    _note_shapes(made, members, rows)
    return made


def _records(members: list[_Sample]) -> Iterator[RawRecord]:
    for member in members:
        yield from member.records


def _has_fields(record: RawRecord, members: list[_Sample]) -> bool:
    return record.number is not None and members[0].notes.settled.format != "text"


def _raw_fields(members: list[_Sample], rules: Rules) -> list[dict[str, Any]]:
    """The fields of records that were refused because they had no text: read once more, with any field as the text."""
    if not any(item.refusal.reason in ("missing_text", "text_not_string") for m in members for item in m.refused):
        return []
    taken: list[dict[str, Any]] = []
    for member in members:
        if not any(item.refusal.reason in ("missing_text", "text_not_string") for item in member.refused):
            continue
        for name in list(member.notes.fields):
            other = Rules(_with_text(rules.of(member.file.path), name))
            items = list(islice(read_file(member.file, other, ReadingNotes()), _RECORDS))
            records = [{name: i.decoded.text} | i.fields for i in items if isinstance(i, RawRecord)]
            if records:
                taken += records
                break
    return taken


def _by_number(members: list[_Sample], reading: ReadSettings) -> list[dict[str, Any]]:
    """The rows of files without a header, their columns by number."""
    rows: list[dict[str, Any]] = []
    for member in members:
        for number in range(1, 100):
            items = read_file(member.file, Rules(_with_text(reading, str(number))), ReadingNotes())
            records = [
                {str(number): i.decoded.text} | i.fields for i in islice(items, _RECORDS) if isinstance(i, RawRecord)
            ]
            if records:
                rows += records
                break
    return [
        {name: row[name] for name in sorted(row, key=lambda name: (not name.isdecimal(), name.zfill(9)))}
        for row in rows
    ]


def _with_text(reading: ReadSettings, name: str) -> ReadSettings:
    return replace(reading, columns=reading.columns | {"text": name})


def _fields(rows: list[dict[str, Any]], reading: ReadSettings) -> tuple[list[FieldFacts], dict[str, str]]:
    """The fields of the records, and which column each fills or would fill."""
    if not rows:
        return [], {}
    filled: Counter[str] = Counter()
    examples: dict[str, Any] = {}
    for row in rows:
        for name in nested_names(row):
            value = lookup(row, name)
            if value not in (None, "", [], {}) and not isinstance(value, dict):
                filled[name] += 1
                examples.setdefault(name, value)
    names = tuple(filled)
    used = {reading.columns[c]: c for c in COLUMNS if reading.columns[c] in filled}
    columns = {column: name for name, column in used.items()}
    for column in COLUMNS:
        if column not in columns:
            found = next(
                (n for n in propose_all(column, names) if _fits(column, n, rows) and n not in columns.values()), None
            )
            if found is not None:
                columns[column] = found
    by_field = {name: column for column, name in columns.items()}
    facts = [
        FieldFacts(name, filled[name], shown_value(examples[name]), by_field.get(name, ""), name in used)
        for name in names
        if not isinstance(examples[name], list) or not examples[name] or not isinstance(examples[name][0], dict)
    ]
    return facts, columns


def _fits(column: str, name: str, rows: list[dict[str, Any]]) -> bool:
    """Whether a field's values are what a column holds."""
    values = [value for row in rows if (value := lookup(row, name)) not in (None, "")]
    if not values:
        return False
    if column == "published_on":
        good = sum(read_date(value).value is not None or read_date(value).what == "ambiguous" for value in values)
        return good >= 0.5 * len(values)
    if column == "language":
        return sum(isinstance(v, str) and read_language(v).value is not None for v in values) >= 0.5 * len(values)
    if column == "url":
        return sum(isinstance(v, str) and v.startswith(("http://", "https://")) for v in values) >= 0.5 * len(values)
    if column == "id":
        keys = [str(value) for value in values if isinstance(value, str | int)]
        return len(set(keys)) == len(rows)
    if column == "text":
        return sum(isinstance(v, str | list) for v in values) >= _IDS_SEEN * len(values)
    return sum(isinstance(v, str) and len(v) <= 400 and not v.startswith("http") for v in values) >= 0.9 * len(values)


def _settings(group: Group, reading: ReadSettings) -> dict[str, Any]:
    """What has to be said of the group in `corpus.toml`: what neither its bytes nor the settings say already."""
    made: dict[str, Any] = {}
    columns = {c: n for c, n in group.columns.items() if n != reading.columns[c] and not (c == "id" and n == "id")}
    if columns:
        made["columns"] = columns
    if "no_header" in group.rejected:
        made = {"header": False, **made}
    dates = [f for f in group.fields if f.name == group.columns.get("published_on")]
    if dates and re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}.*", dates[0].example):
        group.odd.append(
            f"day and month of {dates[0].name!r} cannot be told apart ({dates[0].example}): date_format says which is which"
        )
    text = next((f for f in group.fields if f.name == group.columns.get("text")), None)
    if text is not None and text.example.startswith("["):
        made["join"] = "\n\n"
    return made


def _note_shapes(group: Group, members: list[_Sample], rows: list[dict[str, Any]]) -> None:
    name = group.columns.get("id")
    if name:
        ids = [str(value) for row in rows if (value := lookup(row, name)) is not None]
        if len(set(ids)) < len(ids) and len(members) > 1:
            group.odd.append('ids are the same in several files: id_scope = "file" under [input] keeps them apart')
    if "label_studio_export" in group.rejected:
        group.odd.append("an export of Label Studio: bring it in with `corpus-kit import`")
    if "no_header" in group.rejected:
        group.odd.append(f"no row of names; {group.rejected['no_header'][1]}")


def shown_value(value: Any) -> str:
    """A value for people: one line, cut."""
    words = value if isinstance(value, str) else repr(value)
    words = " ".join(words.split())
    return words if len(words) <= _SHOWN else words[:_SHOWN] + "…"


def toml_lines(groups: Sequence[Group]) -> str:
    """The lines of `corpus.toml` that have the groups read as they were found: those that need words."""
    blocks = []
    for group in groups:
        if not group.settings:
            continue
        lines = ["[[input.files]]", f"glob = {_quoted(group.glob)}"]
        for key, value in group.settings.items():
            if key == "columns":
                inner = ", ".join(f"{c} = {_quoted(n)}" for c, n in value.items())
                lines.append(f"columns = {{ {inner} }}")
            else:
                lines.append(f"{key} = {_quoted(value) if isinstance(value, str) else str(value).lower()}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + ("\n" if blocks else "")


def _quoted(value: str) -> str:
    """A TOML string."""
    import json

    return json.dumps(value, ensure_ascii=False)
