"""`[input]`, `[duplicates]`, `[split]`: how raw files become documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from corpus_kit.core.config.base import Count, Day, Number, Section, Share, Size, as_tuple
from corpus_kit.core.config.files import FileRule, OneOrMany
from corpus_kit.core.errors import UsageError, did_you_mean


class Columns(Section):
    """Names of the input fields (JSON keys, CSV and Parquet columns) that fill the known columns. A path leads into nested
    fields: `data.text`, `items[].body`; `a|b` is the first of them that a record has."""

    text: str = Field(default="text", description="field that holds the document's text")
    id: str = Field(
        default="id", description="field that holds the record's own id; records without one are identified by place"
    )
    title: str = Field(default="title", description="field that holds the headline")
    published_on: str = Field(default="published_on", description="field that holds the date of publication")
    outlet: str = Field(default="outlet", description="field that holds the publisher's name")
    url: str = Field(default="url", description="field that holds the page's address")
    language: str = Field(
        default="language", description="field that holds an ISO 639 code; without it the language is identified"
    )

    @field_validator("text")
    @classmethod
    def _named(cls, value: str) -> str:
        if not value:
            raise ValueError("a record's text is in a field with a name; name it")
        return value


class Input(Section):
    """How raw files are read."""

    columns: Columns = Field(default=Columns(), description="names of the input fields")
    id_scope: Literal["corpus", "file"] = Field(
        default="corpus", description="whether a record's own id is unique in the whole corpus or only within its file"
    )
    metadata: str = Field(
        default="", description="a CSV or JSONL file with fields by file name, besides `metadata.csv` in the raw folder"
    )
    max_record_bytes: Size = Field(
        default=16 * 2**20, description="the largest record that is read, as bytes or with a unit: 16 MiB"
    )
    max_file_bytes: Size = Field(default=8 * 2**30, description="the largest file that is read, after decompression")
    max_file_records: Count = Field(default=10_000_000, description="the most records that are read of one file")
    max_columns: Count = Field(default=10_000, description="the most columns of a table: CSV and Parquet")
    max_metadata_bytes: Size = Field(
        default=32 * 2**20, description="the largest footer of a Parquet file, and directory of a .zip"
    )
    max_archive_members: Count = Field(default=1_000_000, description="the most files that are read of one archive")
    max_expansion: Count = Field(
        default=200, description="how many times its size a file of more than 32 MiB may expand to"
    )
    language: bool = Field(default=True, description="identify the language of documents that do not name it")
    date_format: OneOrMany = Field(
        default=(), description='forms of the dates, as Python\'s strptime reads them: "%d/%m/%Y"; one or a list'
    )
    join: str | None = Field(
        default=None, description='what stands between the parts of a text that is a list of strings: "\\n\\n"'
    )
    files: Annotated[tuple[FileRule, ...], BeforeValidator(as_tuple)] = Field(
        default=(), description="how files are read whose bytes do not say it"
    )

    @field_validator("max_record_bytes", "max_file_bytes", "max_metadata_bytes")
    @classmethod
    def _positive(cls, value: int) -> int:
        if value < 1:
            raise ValueError("the limit must be at least 1 byte")
        return value


def input_with(settings: Input, columns: Mapping[str, str], given: Mapping[str, str]) -> Input:
    """`[input]` with settings that come as words.

    Args:
        settings: What `corpus.toml` says.
        columns: Known column to the field that fills it.
        given: Keys of `[input]`, or of an entry of `[[input.files]]`, which is then one for all files.

    Raises:
        UsageError: An unknown key, or a value that it does not take.
    """
    own, rule = set(Input.model_fields) - {"files", "columns"}, set(FileRule.model_fields) - {"glob", "columns"}
    for key in (*columns, *given):
        accepted = sorted(Columns.model_fields) if key in columns and key not in given else sorted(own | rule)
        if key not in accepted:
            raise UsageError(
                f"There is no '{key}' to set.{did_you_mean(key, accepted)}", f"Accepted: {', '.join(accepted)}."
            )
    try:
        values = {key: _value(value) for key, value in given.items()}
        made = settings.model_dump() | {key: value for key, value in values.items() if key in own}
        made["columns"] = settings.columns.model_dump() | dict(columns)
        if of_rule := {key: value for key, value in values.items() if key in rule - own}:
            made["files"] = ({"glob": "**"} | of_rule, *made["files"])
        return Input.model_validate(made)
    except ValidationError as e:
        error = e.errors(include_url=False)[0]
        key = next((str(k) for k in reversed(error["loc"]) if isinstance(k, str)), "")
        raise UsageError(
            f"'{key}' does not take {error['input']!r}: {error['msg']}.", "See the reference of settings."
        ) from e


def _value(word: str) -> Any:
    if word in ("true", "false"):
        return word == "true"
    return word.replace("\\n", "\n").replace("\\t", "\t")


class Duplicates(Section):
    """Which documents are copies of each other. Nothing is dropped; copies get one `duplicate_cluster`."""

    near: bool = Field(default=True, description="look for near copies; without it only equal texts are copies")
    threshold: Number = Field(
        default=0.7, description="Jaccard similarity of the shingles from which two documents are copies, above 0 to 1"
    )
    permutations: int = Field(default=128, description="length of a MinHash signature")
    bands: int = Field(
        default=25, description="parts of a signature; two documents are compared when one part of theirs is equal"
    )
    words: int = Field(default=5, description="words in a shingle")
    characters: int = Field(default=8, description="letters in a shingle of a script without spaces between words")
    repeated_lines: int = Field(
        default=6,
        description="a line on so many different pages of a publisher (and on 1 % of them) makes no page a copy and is "
        "likely boilerplate; 0: no line is",
    )

    @field_validator("threshold")
    @classmethod
    def _share(cls, value: float) -> float:
        if not 0 < value <= 1:
            raise ValueError(f"{value} is no similarity; above 0 to 1")
        return value

    @field_validator("permutations", "bands", "words", "characters")
    @classmethod
    def _positive(cls, value: int) -> int:
        if not 1 <= value <= 4096:
            raise ValueError(f"{value} is out of range; 1 to 4096")
        return value

    @field_validator("repeated_lines")
    @classmethod
    def _count(cls, value: int) -> int:
        if value < 0:
            raise ValueError(f"{value} is out of range; 0 or more")
        return value

    @model_validator(mode="after")
    def _bands(self) -> Duplicates:
        if self.bands > self.permutations:
            raise ValueError(f"{self.permutations} permutations cannot be cut into {self.bands} bands")
        return self


class Split(Section):
    """How documents are split. A cluster of copies is always on one side; without this section there are no splits."""

    train: Share = Field(default=0.8, description="share of the documents in `train`")
    validation: Share = Field(default=0.1, description="share of the documents in `validation`")
    test: Share = Field(default=0.1, description="share of the documents in `test`")
    seed: str = Field(default="", description="another seed gives another split")
    group_by: Literal["cluster", "publisher"] = Field(
        default="cluster", description="what stays on one side besides clusters: nothing, or all of a publisher"
    )
    stratify_by: Literal["", "language"] = Field(
        default="", description="`language` keeps the shares within every language"
    )
    validation_from: Day = Field(
        default="", description="YYYY-MM-DD: documents of this day and later are in `validation`, or `test`"
    )
    test_from: Day = Field(default="", description="YYYY-MM-DD: documents of this day and later are in `test`")

    @model_validator(mode="after")
    def _consistent(self) -> Split:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train, validation and test are {total:g} together, they must be 1")
        if self.validation_from and self.test_from and self.validation_from >= self.test_from:
            raise ValueError("validation_from must be before test_from")
        return self
