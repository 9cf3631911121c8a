"""`[[input.files]]`: how the files that match a glob are read, where their bytes do not say it."""

from __future__ import annotations

import codecs
import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from corpus_kit.core.config.base import Section
from corpus_kit.core.patterns import refuse_pattern

_DAY = datetime(2031, 3, 5)  # noqa: DTZ001 - a day, wherever

FormatName = Literal["", "text", "html", "csv", "jsonl", "json", "parquet", "warc"]
PresetName = Literal["", "nexis", "mediacloud", "news-please", "trafilatura", "twitter", "reddit", "semeval"]
HeadName = Literal["", "front-matter", "lines", "nexis"]


def _one_or_many(value: Any) -> Any:
    """A string, or a list of them, as a tuple: settings are frozen."""
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(value) if isinstance(value, list) else value


OneOrMany = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]


class FileColumns(Section):
    """Names of the fields in these files. A path leads into nested fields: `data.text`, `items[].body`; `a|b` is the first
    that a record has. What is not named here is as in `[input.columns]`."""

    text: str = Field(default="", description="field that holds the document's text")
    id: str = Field(default="", description="field that holds the record's own id")
    title: str = Field(default="", description="field that holds the headline")
    published_on: str = Field(default="", description="field that holds the date of publication")
    outlet: str = Field(default="", description="field that holds the publisher's name")
    url: str = Field(default="", description="field that holds the page's address")
    language: str = Field(default="", description="field that holds an ISO 639 code")


class FileRule(Section):
    """How some files are read; the first entry whose `glob` matches a file counts. What is left out is found out from the
    file's bytes: `corpus-kit inspect` shows it and writes these lines."""

    glob: str = Field(
        description="files below the raw folder: `*` within a folder, `**` over folders; without `/`, a name in any folder"
    )
    preset: PresetName = Field(
        default="", description="settings for what a well-known tool writes; others go before it"
    )
    format: FormatName = Field(default="", description="what the files are, whatever their names say")
    encoding: str = Field(default="", description="codec of the text: utf-8, cp1252 …")
    delimiter: str | None = Field(default=None, description='what stands between two cells: ",", ";", "\\t" …')
    quote: str | None = Field(default=None, description='what stands around a cell, "" for nothing')
    escape: str | None = Field(
        default=None, description='what stands before a quote within a cell: "\\\\", "" for nothing'
    )
    header: bool | None = Field(
        default=None, description="whether the first row names the columns; without, they are numbers from 1"
    )
    columns: FileColumns = Field(default=FileColumns(), description="names of the fields")
    records: str = Field(
        default="",
        description='where the records are: path of a list in JSON ("data.items"), "lines" for a text a line, or a '
        "regular expression of the line that begins a record",
    )
    header_block: HeadName = Field(
        default="",
        description="facts before the text: `---` front matter, `Title: …` lines, or the head of a Nexis document",
    )
    date_format: OneOrMany = Field(
        default=(), description='forms of the dates, as Python\'s strptime reads them: "%d/%m/%Y"; one or a list'
    )
    join: str | None = Field(
        default=None, description='what stands between the parts of a text that is a list of strings: "\\n\\n"'
    )

    @field_validator("glob")
    @classmethod
    def _glob(cls, value: str) -> str:
        if not value.strip("/"):
            raise ValueError("a glob names files: '*.csv', 'export/**'")
        if len(value) > 400 or value.replace("**", "*").count("*") > 8:
            raise ValueError("a glob has at most 400 characters and 8 stars")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name if value else ""
        except LookupError as e:
            raise ValueError(f"'{value}' is no encoding that Python knows; utf-8, cp1252, utf-16 …") from e

    @field_validator("delimiter", "quote", "escape")
    @classmethod
    def _one_character(cls, value: str | None, info: Any) -> str | None:
        if value == "tab":
            return "\t"
        if value is not None and len(value) > 1:
            raise ValueError(f"'{value}' has {len(value)} characters; it takes one")
        if info.field_name == "delimiter" and value in ("", "\n", "\r", '"'):
            raise ValueError("a delimiter is one character, no quote and no line end")
        return value

    @field_validator("records")
    @classmethod
    def _pattern(cls, value: str) -> str:
        if value:
            import regex  # the engine that reads it, and knows a bound of time

            refuse_pattern(value)
            try:
                regex.compile(value)
            except regex.error as e:
                raise ValueError(f"'{value}' is no regular expression: {e}") from e
        return value

    @field_validator("date_format")
    @classmethod
    def _form(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for form in value:
            try:
                datetime.strptime(_DAY.strftime(form), form)  # noqa: DTZ007 - only whether it is one
            except (ValueError, re.error, IndexError) as e:
                raise ValueError(f"'{form}' is no form of a date; '%d/%m/%Y' is 05/03/2031") from e
            if "%" not in form:
                raise ValueError(f"'{form}' is no form of a date; '%d/%m/%Y' is 05/03/2031")
        return value
