"""What a build says about the files it read: what they are, what was not read or not used, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from corpus_kit.cli.output import Output
from corpus_kit.core.reasons import REASONS

if TYPE_CHECKING:
    from corpus_kit.corpus import BuildResult

_MOST = 6
_TITLES = {"csv": "delimited values", "jsonl": "JSON Lines", "json": "JSON", "parquet": "Parquet", "text": "plain text"}
_TITLES |= {"html": "HTML", "warc": "a web archive", "zip": "a folder (zip)", "tar": "a folder (tar)"}
_SUFFIXES = {"gzip": ".gz", "zstd": ".zst", "bzip2": ".bz2", "xz": ".xz"}
_USUAL = {
    "encoding": ("utf-8",),
    "delimiter": (",",),
    "quote": ('"', None),
    "escape": ("", None),
    "header": (True, None),
}
_DONE = {
    "null": "{n} null ({example})",
    "unreadable": "{n} not understood, null ({example})",
    "ambiguous": "{n} with day and month in doubt, null ({example})",
    "partial": "{n} without a day, null ({example})",
    "changed": "{n} written as a code of ISO 639 ({example})",
}


def say_reading(result: BuildResult, output: Output, *, corpus: bool) -> None:
    """Say it on stderr. corpus: whether there is a corpus.toml to write to."""
    found, notes = result.ingested, result.ingested.notes
    unusual = [one for one in notes.read if _is_unusual(one.settled, one.first)]
    for one in unusual[:_MOST]:
        more = f" and {one.files - 1:,} more" if one.files > 1 else ""
        output.say(f"Read {shown(one.first)}{more} as {described(one.settled)}.")
    if len(unusual) > _MOST:
        output.say(
            f"Read otherwise than their names say: {len(unusual) - _MOST:,} more kinds of files; see `corpus-kit inspect`."
        )
    if notes.lost.places:
        rows = f"{notes.lost.rows:,} row{'' if notes.lost.rows == 1 else 's'}"
        output.say(f"Not read: {rows}, {notes.lost.bytes:,} bytes, in {_places(notes.lost.places)}; see rejected.")
    for column, words in _values(notes.values).items():
        output.say(f"Values of {column}: {', '.join(words)}.")
    for unused in notes.unused[:_MOST]:
        output.say(_unused(unused, corpus))
    for source, sentence in notes.odd[:_MOST]:
        output.say(f"Odd: {shown(source)}: {sentence if corpus else _as_options(sentence)}.")
    if notes.odd_files > _MOST:
        output.say(f"Odd: {notes.odd_files - _MOST:,} more files; see `corpus-kit inspect`.")
    if "missing_text" in found.rejected:
        for group in [group for group in notes.read if group.fields][:3]:
            output.say(f"Fields of {shown(group.first)}: {', '.join(shown(name) for name in group.fields[:12])}.")
    for suffix, kind in list(found.unsupported.items())[: 3 * _MOST]:
        files = f"{kind.files:,} file{'' if kind.files == 1 else 's'}"
        output.say(
            f"Not read: {files} {suffix or 'without suffix'}; {kind.advice if corpus else _as_options(kind.advice)}."
        )
    if len(found.unsupported) > 3 * _MOST:
        output.say(
            f"Not read: files of {len(found.unsupported) - 3 * _MOST:,} more kinds; the details are in rejected."
        )


def hint(reason: str, *, corpus: bool) -> str:
    """What one can do about a reason; without a corpus the advice names options, not corpus.toml."""
    found = REASONS[reason]
    return found.hint if corpus or not found.alone else found.alone


def described(settled: dict[str, Any]) -> str:
    """Format, codec and dialect in words."""
    words = [_TITLES.get(settled.get("format", ""), settled.get("format", "plain text"))]
    if compression := settled.get("compression"):
        words.append(str(compression))
    words += [str(settled["encoding"])] if settled.get("encoding") else []
    if (delimiter := settled.get("delimiter")) is not None:
        words.append(f"delimiter {delimiter!r}")
        words += [f"quote {settled['quote']!r}"] if settled.get("quote") not in ('"', None) else []
        words += [f"escape {settled['escape']!r}"] if settled.get("escape") else []
        words += ["no header"] if settled.get("header") is False else []
    if records := settled.get("records"):
        words.append(f"records: {records}")
    return ", ".join(words)


def _is_unusual(settled: dict[str, Any], source: str) -> bool:
    """Whether a file is otherwise than its name says, or in another dialect than the usual one."""
    named, kind = settled.get("named", ""), settled.get("format", "")
    if named and kind and named != kind:
        return True
    if settled.get("records"):
        return True
    suffix = _SUFFIXES.get(settled.get("compression", ""), "")
    name = source.partition("#")[0].lower()
    if suffix and not name.endswith((suffix, ".tgz", ".tbz2", ".tbz", ".txz", ".tzst")):
        return True
    if settled.get("delimiter") == "\t" and name.split(".")[-1] in ("tsv", "tab"):
        settled = settled | {"delimiter": ","}
    return any(name in settled and settled[name] not in usual for name, usual in _USUAL.items())


def _places(count: int) -> str:
    return f"{count:,} place{'' if count == 1 else 's'}"


def _values(notes: Sequence[Any]) -> dict[str, list[str]]:
    by_column: dict[str, list[str]] = {}
    for one in notes:
        words = _DONE.get(one.what, "{n} " + one.what + " ({example})")
        example = f"“{shown(one.example)}”" if one.example else "…"
        by_column.setdefault(one.column, []).append(words.format(n=f"{one.count:,}", example=example))
    return by_column


def _unused(one: Any, corpus: bool) -> str:
    name, column = shown(one.what), one.column
    records = f"{one.count:,} record{'' if one.count == 1 else 's'}"
    line = (
        f"[input.columns] {column} = {json.dumps(one.what, ensure_ascii=False)}"
        if corpus
        else (f"--column {column}={name if ' ' not in name else repr(name)}")
    )
    if column == "text":
        return f"No field is the text in {records}. Did you mean '{name}'? Then: {line}"
    return f"Not used: the field '{name}' holds what {column} would in {records}. To use it: {line}"


def _as_options(sentence: str) -> str:
    """Advice about `[[input.files]]` as options of a build without a corpus."""
    if "[[input.files]]" in sentence:
        return sentence.partition("[[input.files]]")[0] + "--read format=text"
    return (
        sentence.replace('format = "csv", header = false', "--read format=csv --read header=false")
        .replace('records = "lines"', "--read records=lines")
        .replace("header = false", "--read header=false")
    )


def shown(text: str) -> str:
    """Names come from outside: what would act on a terminal is left out."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
