"""What `datasets` is to know of the columns: its `Features`, made from the tables' dtypes. Imports `datasets`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import datasets
import pyarrow as pa

from corpus_kit.core.contract_spec import ContractFile
from corpus_kit.release.configs import DOCUMENTS
from corpus_kit.release.described import Described
from corpus_kit.release.plan import Labelling
from corpus_kit.release.shards import NOT_RELEASED

_VALUES = {
    "String": "string",
    "Int64": "int64",
    "Float64": "float64",
    "Boolean": "bool",
    "Date": "date32",
}


def describe(contract: ContractFile, labelling: Labelling) -> dict[str, Described]:
    """Every configuration that the release may have, `documents` first, as those can use it that do not import this."""
    return {
        name: Described(features.arrow_schema.serialize().to_pybytes().hex(), features._to_yaml_list())
        for name, features in release_features(contract, labelling).items()
    }


def release_features(contract: ContractFile, labelling: Labelling) -> dict[str, datasets.Features]:
    """Features of every configuration that the release may have, `documents` first."""
    columns = {c.name: c.dtype for c in contract.columns if c.name not in NOT_RELEASED}
    documents = features_of(columns)
    documents.update(features_of_schema(pa.schema(labelling.nested.fields()), {}))
    others = {spec.name: features_of_schema(spec.schema, spec.class_names) for spec in labelling.configs}
    return {DOCUMENTS: documents, **others}


def features_of(columns: Mapping[str, Any], class_labels: Mapping[str, list[str]] | None = None) -> datasets.Features:
    """Features for Polars dtypes; `class_labels` names the columns that are a ClassLabel, with their labels."""
    labels = class_labels or {}
    return datasets.Features(
        {
            name: datasets.ClassLabel(names=labels[name]) if name in labels else datasets.Value(_VALUES[str(dtype)])
            for name, dtype in columns.items()
        }
    )


def features_of_schema(schema: pa.Schema, class_labels: Mapping[str, list[str]]) -> datasets.Features:
    """Features for an Arrow schema; `class_labels` names the columns (or lists of them) that are a ClassLabel."""
    made = datasets.Features.from_arrow_schema(schema.remove_metadata())
    for name, names in class_labels.items():
        label = datasets.ClassLabel(names=names)
        made[name] = datasets.List(label) if pa.types.is_list(schema.field(name).type) else label
    return made
