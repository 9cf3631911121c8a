"""What `datasets` is to know of the columns: its `Features`, made from the tables' dtypes. Imports `datasets`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import datasets
import pyarrow as pa

from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.release.configs.plan import Labelling
from corpus_kit.release.configs.spec import DOCUMENTS
from corpus_kit.release.described import Described
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
        name: Described(
            readable_schema(features).serialize().to_pybytes().hex(), readable_yaml(features._to_yaml_list())
        )
        for name, features in release_features(contract, labelling).items()
    }


def readable_schema(features: datasets.Features) -> pa.Schema:
    """The Arrow schema of `features` with a `huggingface` key that `datasets` reads from 2.14 on.

    Newer versions write the type `List`, which older ones refuse. All of them read `Sequence` for a list of values, and
    a JSON list for a list of structs.
    """

    def older(value: Any) -> Any:
        if isinstance(value, dict):
            if value.get("_type") == "List":
                inner = older(value["feature"])
                return {"feature": inner, "_type": "Sequence"} if "_type" in inner else [inner]
            return {key: older(one) for key, one in value.items()}
        return value

    schema = features.arrow_schema
    told = json.loads(schema.metadata[b"huggingface"])
    told["info"]["features"] = {name: older(one) for name, one in told["info"]["features"].items()}
    return schema.with_metadata({b"huggingface": json.dumps(told).encode()})


def readable_yaml(declared: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The features as a README declares them, in words that `datasets` knows from 2.14 on.

    `list` is read by all versions where it holds a struct, but only as `sequence` does a list of values or of class
    labels keep its names in the older ones.
    """

    def older(value: Any) -> Any:
        if isinstance(value, list):
            return [older(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {("sequence" if k == "list" and not isinstance(v, list) else k): older(v) for k, v in value.items()}

    made: list[dict[str, Any]] = older(declared)
    return made


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
