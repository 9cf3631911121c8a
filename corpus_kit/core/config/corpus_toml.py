"""`corpus.toml`: the one place a corpus is described, read strictly.

An unknown key, a wrong type or a value outside the accepted ones is a ConfigError that names file, key and what would
be accepted. The models here and in `core.config` are also the reference: every key has its description there.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError, field_validator

from corpus_kit.core.config import (
    LICENCES,
    AdjudicationSettings,
    AgreementSettings,
    Assign,
    Duplicates,
    Input,
    LabelStudio,
    MultiverseSettings,
    PeopleSection,
    ReleaseSettings,
    Split,
    Suggest,
)
from corpus_kit.core.config.base import Day, Names, Section
from corpus_kit.core.errors import ConfigError, UsageError, did_you_mean
from corpus_kit.core.storage.inside import refuse_links_of_corpus

CORPUS_FILE = "corpus.toml"
# pydantic's names of bounds, as what is accepted.
_BOUNDS = {"greater_than_equal": "{0} or more", "less_than_equal": "{0} or less"}
LAYERS = ("boilerplate", "entities", "stance")


@dataclass(frozen=True, slots=True)
class About:
    """What a release and a report say of the corpus itself. They are given this and not all of `corpus.toml`, so that
    their keys cannot be narrower than what they read, nor wider."""

    name: str
    version: str
    date: str
    licence: str
    pretty_name: str
    repo: str = ""
    gated: bool = False
    doi: str = ""

    @property
    def title(self) -> str:
        return self.pretty_name or self.name


class ProjectConfig(Section):
    """All of `corpus.toml`."""

    name: str = Field(default="corpus", description="the corpus's name: letters, digits, '-', '_' and '.'")
    version: str = Field(default="0.1.0", description="the release's version, x.y.z")
    date: Day = Field(default="", description="the date on the card, YYYY-MM-DD; nothing made reads a clock")
    licence: str = Field(
        default="other", description="licence id as the Hugging Face Hub writes it: cc0-1.0, cc-by-4.0, other …"
    )
    pretty_name: str = Field(default="", description="the title on the card; without it the name")
    layers: Names = Field(default=LAYERS, description="the annotation layers, each a folder in `annotation/`")
    input: Input = Field(default=Input(), description="how raw files are read")
    duplicates: Duplicates = Field(default=Duplicates(), description="which documents are copies of each other")
    split: Split | None = Field(default=None, description="how documents are split; without it there are no splits")
    suggest: Suggest = Field(default=Suggest(), description="what models suggest")
    release: ReleaseSettings = Field(default=ReleaseSettings(), description="what the release carries")
    label_studio: LabelStudio = Field(default=LabelStudio(), description="the annotation server")
    people: PeopleSection = Field(default=PeopleSection(), description="who is who, where exports cannot tell")
    agreement: AgreementSettings = Field(default=AgreementSettings(), description="how agreement is measured")
    assign: Assign = Field(default=Assign(), description="who labels which pages")
    adjudication: AdjudicationSettings = Field(
        default=AdjudicationSettings(), description="how disagreements become gold"
    )
    multiverse: MultiverseSettings = Field(
        default=MultiverseSettings(), description="other choices that could as well have been made"
    )

    @property
    def about(self) -> About:
        told = self.release
        return About(
            self.name, self.version, self.date, self.licence, self.pretty_name, told.repo, told.gated, told.doi
        )

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

    @field_validator("layers")
    @classmethod
    def _layers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        repeated = next((name for number, name in enumerate(value) if name in value[:number]), None)
        odd = next((name for name in value if not re.fullmatch(r"\w[\w.-]*", name)), None)
        if odd is not None:
            raise ValueError(
                f"{odd!r} is no name of a layer: letters, digits, '_', '-' and '.', a letter or digit first"
            )
        if repeated is not None:
            raise ValueError(f"'{repeated}' stands there twice; name each layer once")
        return value

    @field_validator("licence")
    @classmethod
    def _licence(cls, value: str) -> str:
        if value not in LICENCES:
            raise ValueError(
                f"'{value}' is no licence id of the Hugging Face Hub.{did_you_mean(value.lower(), sorted(LICENCES))}"
                " Use 'other' for a licence of your own and describe it in DATASET_CARD.md"
            )
        return value


def find_corpus(start: Path) -> Path | None:
    """The folder that holds `corpus.toml`: `start` or the nearest one above it."""
    start = start.resolve()
    return next((d for d in (start, *start.parents) if (d / CORPUS_FILE).is_file()), None)


def load_config(path: Path) -> ProjectConfig:
    """Read and check one `corpus.toml`.

    Raises ConfigError naming the file, the key and the accepted values, UsageError when there is no such file or a link
    leads out of the corpus.
    """
    refuse_links_of_corpus(path.parent)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as e:
        raise UsageError(f"There is no {path}.", "Make a corpus with `corpus-kit init DIR`.") from e
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"{path} is not valid TOML: {e}.", "Fix that line; strings need quotes.") from e
    except UnicodeDecodeError as e:
        raise ConfigError(f"{path} is not UTF-8 (byte {e.start}).", "Save the file as UTF-8.") from e
    try:
        folder = path.parent / "annotation"
        if "layers" not in data and folder.is_dir():  # the usual ones, as far as they are there
            data["layers"] = [name for name in LAYERS if (folder / name / "config.xml").is_file()]
        return ProjectConfig.model_validate(data)
    except ValidationError as e:
        faults = [_sentence(error) for error in e.errors(include_url=False)]
        raise ConfigError(f"{path}: " + "; ".join(faults) + ".", "Fix the keys named above.") from e


def add_lines(path: Path, lines: str) -> None:
    """Put entries of `[[input.files]]` at the end of a `corpus.toml`, where they can be read with what is there.

    Raises UsageError where the file describes `input.files` in a way that lines cannot be added to.
    """
    before = path.read_text(encoding="utf-8")
    after = before.rstrip("\n") + "\n\n" + lines
    try:
        ProjectConfig.model_validate(tomllib.loads(after))
    except (tomllib.TOMLDecodeError, ValidationError) as e:
        raise UsageError(f"The lines do not fit into {path}: {str(e).splitlines()[0]}.", "Add them by hand.") from e
    aside = path.with_name(path.name + ".part")
    aside.write_text(after, encoding="utf-8")
    aside.replace(path)


def _sentence(error: Any) -> str:
    """One pydantic error as a clause that names the key and what is accepted."""
    keys = [str(k) for k in error["loc"] if not isinstance(k, int)]
    key = ".".join(keys)
    kind = error["type"]
    if kind == "extra_forbidden":
        accepted = sorted(_model_at(keys[:-1]).model_fields)
        return f"unknown key '{key}'.{did_you_mean(keys[-1], accepted)} Accepted here: {', '.join(accepted)}"
    if kind == "missing":
        return f"'{key}' is missing"
    if kind == "literal_error":
        accepted = re.findall("'([^']+)'", error["ctx"]["expected"])
        near = did_you_mean(error["input"], accepted) if isinstance(error["input"], str) else ""
        return f"'{key}' is {error['input']!r}, accepted: {error['ctx']['expected']}{'.' if near else ''}{near}"
    if kind == "value_error":
        return f"'{key}': {error['ctx']['error']}"
    if kind in _BOUNDS:
        return f"'{key}' is {error['input']!r}, it takes {_BOUNDS[kind].format(*error['ctx'].values())}"
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
