"""`corpus.toml`: the one place a corpus is described, read strictly.

An unknown key, a wrong type or a value outside the accepted ones is a ConfigError that names file, key and what would
be accepted. The models below are also the reference: every key has its description here.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from corpus_kit.core.errors import ConfigError, UsageError, did_you_mean

CORPUS_FILE = "corpus.toml"
LAYERS = ("boilerplate", "entities", "stance")

_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(B|kB|KiB|MB|MiB|GB|GiB)?\s*$")
_UNITS = {"B": 1, "kB": 10**3, "KiB": 2**10, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _iso_date(value: Any) -> Any:
    if isinstance(value, date):  # TOML has dates of its own: date = 2031-10-18
        return value.isoformat()
    if isinstance(value, str) and value:
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError as e:
            raise ValueError(f"'{value}' is no date of the form YYYY-MM-DD") from e
    return value


def _bytes(value: Any) -> Any:
    """A size as bytes where it is written with a unit; anything else is left to the type check."""
    if not isinstance(value, str):
        return value
    match = _SIZE.match(value)
    if not match:
        raise ValueError(f"'{value}' is not a size; write bytes or a unit such as '16 MiB'")
    return int(float(match[1]) * _UNITS[match[2] or "B"])


class Columns(_Section):
    """Names of the input fields (JSON keys, CSV and Parquet columns) that fill the known columns."""

    text: str = Field(default="text", description="field that holds the document's text")
    id: str = Field(
        default="id", description="field that holds the record's own id; records without one are identified by place"
    )
    title: str = Field(default="title", description="field that holds the headline")
    published_on: str = Field(default="published_on", description="field that holds the date of publication, ISO 8601")
    outlet: str = Field(default="outlet", description="field that holds the publisher's name")
    url: str = Field(default="url", description="field that holds the page's address")
    language: str = Field(
        default="language", description="field that holds an ISO 639 code; without it the language is identified"
    )


class Input(_Section):
    """How raw files are read."""

    columns: Columns = Field(default=Columns(), description="names of the input fields")
    id_scope: Literal["corpus", "file"] = Field(
        default="corpus", description="whether a record's own id is unique in the whole corpus or only within its file"
    )
    metadata: str = Field(
        default="", description="a CSV or JSONL file with fields by file name, besides `metadata.csv` in the raw folder"
    )
    max_record_bytes: int = Field(
        default=16 * 2**20, description="the largest record that is read, as bytes or with a unit: 16 MiB"
    )
    max_file_bytes: int = Field(default=8 * 2**30, description="the largest file that is read, after decompression")
    language: bool = Field(default=True, description="identify the language of documents that do not name it")

    @field_validator("max_record_bytes", "max_file_bytes", mode="before")
    @classmethod
    def _size(cls, value: Any) -> Any:
        return _bytes(value)

    @field_validator("max_record_bytes", "max_file_bytes")
    @classmethod
    def _positive(cls, value: int) -> int:
        if value < 1:
            raise ValueError("the limit must be at least 1 byte")
        return value


class Release(_Section):
    """What the release carries."""

    meta: tuple[str, ...] = Field(default=(), description="keys of `meta` that are published; all others stay at home")

    @field_validator("meta", mode="before")
    @classmethod
    def _tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value


class Duplicates(_Section):
    """Which documents are copies of each other. Nothing is dropped; copies get one `duplicate_cluster`."""

    near: bool = Field(default=True, description="look for near copies; without it only equal texts are copies")
    threshold: float = Field(
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
        description="a line on so many different pages of a publisher (and on 1 % of them) is left out; 0: none is",
    )

    @field_validator("threshold", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

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


class Split(_Section):
    """How documents are split. A cluster of copies is always on one side; without this section there are no splits."""

    train: float = Field(default=0.8, description="share of the documents in `train`")
    validation: float = Field(default=0.1, description="share of the documents in `validation`")
    test: float = Field(default=0.1, description="share of the documents in `test`")
    seed: str = Field(default="", description="another seed gives another split")
    group_by: Literal["cluster", "publisher"] = Field(
        default="cluster", description="what stays on one side besides clusters: nothing, or all of a publisher"
    )
    stratify_by: Literal["", "language"] = Field(
        default="", description="`language` keeps the shares within every language"
    )
    validation_from: str = Field(
        default="", description="YYYY-MM-DD: documents of this day and later are in `validation`, or `test`"
    )
    test_from: str = Field(default="", description="YYYY-MM-DD: documents of this day and later are in `test`")

    @field_validator("train", "validation", "test", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("train", "validation", "test")
    @classmethod
    def _share(cls, value: float) -> float:
        if not 0 <= value <= 1:
            raise ValueError(f"{value} is no share; 0 to 1")
        return value

    @field_validator("validation_from", "test_from", mode="before")
    @classmethod
    def _date(cls, value: Any) -> Any:
        return _iso_date(value)

    @model_validator(mode="after")
    def _consistent(self) -> Split:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train, validation and test are {total:g} together, they must be 1")
        if self.validation_from and self.test_from and self.validation_from >= self.test_from:
            raise ValueError("validation_from must be before test_from")
        return self


class LabelStudio(_Section):
    """The annotation server. The key comes from the environment (LABEL_STUDIO_API_KEY), never from here."""

    url: str = Field(default="", description="address of the server; LABEL_STUDIO_URL overrides it")
    overlap: int = Field(default=1, ge=1, le=1000, description="how many people are to label each document")
    sampling: Literal["sequential", "uniform", "uncertainty"] = Field(
        default="sequential", description="how the server picks the next task: in order, at random, least certain first"
    )
    order: Literal["doc_id", "source", "newest"] = Field(
        default="doc_id",
        description="the order of the tasks: shuffled but always the same (doc_id), by file, newest page first",
    )
    batch_tasks: int = Field(default=1000, ge=1, le=10000, description="the most tasks in one request")
    batch_bytes: int = Field(default=16 * 2**20, description="the most bytes in one request, or with a unit: 16 MiB")

    @field_validator("batch_bytes", mode="before")
    @classmethod
    def _size(cls, value: Any) -> Any:
        return _bytes(value)

    @field_validator("batch_bytes")
    @classmethod
    def _sendable(cls, value: int) -> int:
        if not 2**16 <= value <= 200 * 2**20:
            raise ValueError("a request has 64 KiB to 200 MiB")
        return value


class Agreement(_Section):
    """How agreement is measured."""

    resamples: int = Field(
        default=1000, ge=0, le=100000, description="bootstrap resamples behind every interval; 0: no intervals"
    )
    seed: int = Field(default=20240229, ge=0, description="another seed draws other resamples")
    orders: dict[str, tuple[str, ...]] = Field(
        default={}, description="control → its labels from low to high, for controls whose labels have an order"
    )

    @field_validator("orders", mode="before")
    @classmethod
    def _tuples(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: tuple(v) if isinstance(v, list) else v for k, v in value.items()}


PolicyName = Literal["majority", "unanimous", "dawid-skene", "reviewer"]
BoundaryName = Literal["exact", "union", "intersection", "characters"]


class LayerAdjudication(_Section):
    """What one layer does otherwise; what is not named here is as in `adjudication`."""

    policy: PolicyName | None = Field(default=None, description="how answers become gold")
    boundary: BoundaryName | None = Field(default=None, description="which characters become gold")
    min_votes: int | None = Field(default=None, ge=1, le=1000, description="what fewer people answered stays open")


class Adjudication(_Section):
    """How disagreements become gold."""

    policy: PolicyName = Field(
        default="majority", description="more than half; all; the likelier by how each errs; what a reviewer settled"
    )
    boundary: BoundaryName = Field(
        default="exact", description="what to do where people mark the same thing but not the same characters"
    )
    reviewers: tuple[str, ...] = Field(
        default=(), description="pseudonyms whose answers win under every policy, the first named first"
    )
    min_votes: int = Field(default=1, ge=1, le=1000, description="what fewer people answered stays open")
    layers: dict[str, LayerAdjudication] = Field(default={}, description="layer → what it does otherwise")

    @field_validator("reviewers", mode="before")
    @classmethod
    def _tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _somebody_reviews(self) -> Adjudication:
        if not self.reviewers and "reviewer" in {self.policy, *(layer.policy for layer in self.layers.values())}:
            raise ValueError("the policy 'reviewer' needs reviewers: a list of pseudonyms")
        return self


class Suggest(_Section):
    """What models suggest to people and to the release."""

    boilerplate: bool = Field(
        default=True, description="suggest what is boilerplate, where there is a layer of that name"
    )
    threshold: float = Field(
        default=0.5, description="the probability from which a line is suggested as boilerplate, 0 to 1"
    )

    @field_validator("threshold", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("threshold")
    @classmethod
    def _probability(cls, value: float) -> float:
        if not 0 <= value <= 1:
            raise ValueError(f"{value} is no probability; 0 to 1")
        return value


class ProjectConfig(_Section):
    """All of `corpus.toml`."""

    name: str = Field(default="corpus", description="the corpus's name: letters, digits, '-', '_' and '.'")
    version: str = Field(default="0.1.0", description="the release's version, x.y.z")
    date: str = Field(default="", description="the date on the card, YYYY-MM-DD; nothing made reads a clock")
    licence: str = Field(
        default="other", description="licence id as the Hugging Face Hub writes it: cc0-1.0, cc-by-4.0, other …"
    )
    pretty_name: str = Field(default="", description="the title on the card; without it the name")
    layers: tuple[str, ...] = Field(default=LAYERS, description="the annotation layers, each a folder in `annotation/`")
    input: Input = Field(default=Input(), description="how raw files are read")
    duplicates: Duplicates = Field(default=Duplicates(), description="which documents are copies of each other")
    split: Split | None = Field(default=None, description="how documents are split; without it there are no splits")
    suggest: Suggest = Field(default=Suggest(), description="what models suggest")
    release: Release = Field(default=Release(), description="what the release carries")
    label_studio: LabelStudio = Field(default=LabelStudio(), description="the annotation server")
    agreement: Agreement = Field(default=Agreement(), description="how agreement is measured")
    adjudication: Adjudication = Field(default=Adjudication(), description="how disagreements become gold")

    @field_validator("layers", mode="before")
    @classmethod
    def _tuple(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{2,95}", value):
            raise ValueError(f"'{value}' is no name: 3 to 96 letters, digits, '-', '_' or '.', a letter or digit first")
        return value

    @field_validator("version")
    @classmethod
    def _version(cls, value: str) -> str:
        if not re.fullmatch(r"\d+\.\d+\.\d+", value):
            raise ValueError(f"'{value}' is no version of the form x.y.z")
        return value

    @field_validator("date", mode="before")
    @classmethod
    def _date(cls, value: Any) -> Any:
        return _iso_date(value)

    @field_validator("licence")
    @classmethod
    def _licence(cls, value: str) -> str:
        if value not in LICENCES:
            raise ValueError(
                f"'{value}' is no licence id of the Hugging Face Hub.{did_you_mean(value.lower(), sorted(LICENCES))}"
                " Use 'other' for a licence of your own and describe it in DATASET_CARD.md"
            )
        return value


# Licence ids the Hub accepts for datasets (its documentation's list, the ones that occur for text corpora).
LICENCES = frozenset(
    "apache-2.0 mit openrail bigscience-openrail-m gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 agpl-3.0 afl-3.0 "
    "artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 "
    "cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 "
    "cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 "
    "cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 gfdl isc "
    "lppl-1.3c ms-pl mpl-2.0 odc-by odbl osl-3.0 pddl ncsa unlicense zlib unknown other".split()
)


def find_corpus(start: Path) -> Path | None:
    """The folder that holds `corpus.toml`: `start` or the nearest one above it."""
    start = start.resolve()
    return next((d for d in (start, *start.parents) if (d / CORPUS_FILE).is_file()), None)


def load_config(path: Path) -> ProjectConfig:
    """Read and check one `corpus.toml`.

    Raises ConfigError naming the file, the key and the accepted values, UsageError when there is no such file.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as e:
        raise UsageError(f"There is no {path}.", "Make a corpus with `corpus-kit init DIR`.") from e
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"{path} is not valid TOML: {e}.", "Mend that line; strings stand in quotes.") from e
    except UnicodeDecodeError as e:
        raise ConfigError(f"{path} is not UTF-8 (byte {e.start}).", "Save the file as UTF-8.") from e
    try:
        return ProjectConfig.model_validate(data)
    except ValidationError as e:
        faults = [_sentence(error) for error in e.errors(include_url=False)]
        raise ConfigError(f"{path}: " + "; ".join(faults) + ".", "Mend the keys named above.") from e


def _sentence(error: Any) -> str:
    """One pydantic error as a clause that names the key and what is accepted."""
    keys = [str(k) for k in error["loc"] if not isinstance(k, int)]
    key = ".".join(keys)
    kind = error["type"]
    if kind == "extra_forbidden":
        accepted = sorted(_model_at(keys[:-1]).model_fields)
        return f"unknown key '{key}'.{did_you_mean(keys[-1], accepted)} Accepted here: {', '.join(accepted)}"
    if kind == "literal_error":
        return f"'{key}' is {error['input']!r}, accepted: {error['ctx']['expected']}"
    if kind == "value_error":
        return f"'{key}': {error['ctx']['error']}"
    wanted = {"string_type": "a string in quotes", "int_type": "a whole number", "bool_type": "true or false"}
    wanted |= {"tuple_type": "a list", "model_type": "a table", "model_attributes_type": "a table"}
    wanted |= {"float_type": "a number"}
    return f"'{key}' is {error['input']!r}, it takes {wanted.get(kind, error['msg'].lower())}"


def _model_at(keys: list[str]) -> type[BaseModel]:
    model: type[BaseModel] = ProjectConfig
    names = iter(keys)
    for key in names:
        annotation = model.model_fields[key].annotation
        if get_origin(annotation) is dict:  # tables by a name of the user's own: `adjudication.layers.<layer>`
            next(names, None)
            annotation = get_args(annotation)[1]
        annotation = next(iter(get_args(annotation)), annotation)  # a section that may be missing: `Split | None`
        assert isinstance(annotation, type) and issubclass(annotation, BaseModel)
        model = annotation
    return model
