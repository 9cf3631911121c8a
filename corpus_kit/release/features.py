"""What `datasets` is to know of the columns: its `Features`, made from the tables' dtypes. Imports `datasets`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import datasets
import pyarrow as pa

_VALUES = {
    "String": "string",
    "Int64": "int64",
    "Float64": "float64",
    "Boolean": "bool",
    "Date": "date32",
}


def features_of(columns: Mapping[str, Any], class_labels: Mapping[str, list[str]] | None = None) -> datasets.Features:
    """Features for Polars dtypes; `class_labels` names the columns that are a ClassLabel, with their labels."""
    labels = class_labels or {}
    return datasets.Features(
        {
            name: datasets.ClassLabel(names=labels[name]) if name in labels else datasets.Value(_VALUES[str(dtype)])
            for name, dtype in columns.items()
        }
    )


def schema_bytes(features: datasets.Features) -> bytes:
    """The Arrow schema with the `huggingface` key in its metadata, serialised: workers need no `datasets`."""
    schema: pa.Schema = features.arrow_schema
    return bytes(schema.serialize())


def yaml_features(features: datasets.Features) -> list[dict[str, Any]]:
    """The features as `dataset_info` in a README's YAML writes them."""
    made: list[dict[str, Any]] = features._to_yaml_list()
    return made
