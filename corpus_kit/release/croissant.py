"""Croissant: the release described for machines (mlcommons.org/croissant 1.1, RAI 1.0), from the same facts as the card."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from corpus_kit.core.config.corpus_toml import About
from corpus_kit.release.card import Card

_TYPES = {
    "string": "sc:Text",
    "int64": "sc:Integer",
    "double": "sc:Float",
    "bool": "sc:Boolean",
    "date32[day]": "sc:Date",
}
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(
    card: Card,
    about: About,
    manifest: Mapping[str, Any],
    schemas: Mapping[str, pa.Schema],
    descriptions: Mapping[str, Mapping[str, str]],
    rai: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """The JSON-LD document. Every data file is a FileObject with its sha256; each configuration is a RecordSet.

    rai: properties of the vocabulary for responsible AI, as `responsible` gives them.
    """
    distribution: list[dict[str, Any]] = []
    record_sets = []
    for name, facts in manifest["configs"].items():
        files = [f for of_split in facts["splits"].values() for f in of_split]
        distribution += [
            {
                "@type": "cr:FileObject",
                "@id": file["name"],
                "name": file["name"],
                "contentUrl": file["name"],
                "contentSize": f"{file['bytes']} B",
                "encodingFormat": "application/x-parquet",
                "sha256": file["sha256"],
            }
            for file in files
        ]
        distribution.append(
            {
                "@type": "cr:FileSet",
                "@id": f"{name}-files",
                "encodingFormat": "application/x-parquet",
                "includes": f"{name}/*.parquet",
            }
        )
        told = descriptions[name]
        fields = [_field(name, f.name, f.type, told.get(f.name) or f.name) for f in schemas[name]]
        record_sets.append({"@type": "cr:RecordSet", "@id": name, "name": name, "field": fields})
    title = str(card.front.get("pretty_name") or about.title)
    made: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": about.name,
        "description": f"{title}: {manifest['counts']['totals']['documents']} documents.",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "license": about.licence,
        "version": about.version,
        "citeAs": f"{title}, version {about.version}, fingerprint {manifest['fingerprint'][:16]}",
        "url": f"https://huggingface.co/datasets/{about.repo}" if about.repo else f"#{about.name}",
        "creator": {"@type": "sc:Organization", "name": f"The makers of {about.name}"},
        "inLanguage": [code for code in manifest["counts"]["language"] if code != "und"],
        "distribution": distribution,
        "recordSet": record_sets,
    }
    if about.date:
        made["datePublished"] = about.date
    if about.doi:
        made["identifier"] = f"https://doi.org/{about.doi}"
    keywords = card.front.get("tags")
    if isinstance(keywords, list) and keywords:
        made["keywords"] = [str(one) for one in keywords]
    return made | dict(rai)


def _field(config: str, column: str, dtype: pa.DataType, description: str) -> dict[str, Any]:
    """One column; a list repeats, and of a list of records every part is a field of its own."""
    made: dict[str, Any] = {"@type": "cr:Field", "@id": f"{config}/{column}", "name": column}
    made["description"] = description
    repeated = pa.types.is_list(dtype)
    inner = dtype.value_type if repeated else dtype
    if pa.types.is_struct(inner):
        made["subField"] = [
            {
                "@type": "cr:Field",
                "@id": f"{config}/{column}/{part.name}",
                "name": part.name,
                "dataType": _TYPES[str(_innermost(part.type))],
                "source": _source(config, column) | {"transform": {"jsonPath": part.name}},
            }
            for part in inner
        ]
    else:
        made |= {"dataType": _TYPES[str(_innermost(inner))], "source": _source(config, column)}
    return made | ({"repeated": True} if repeated else {})


def _innermost(dtype: pa.DataType) -> pa.DataType:
    """The type of the values, however many lists they are in."""
    while pa.types.is_list(dtype):
        dtype = dtype.value_type
    return dtype


def _source(config: str, column: str) -> dict[str, Any]:
    return {"fileSet": {"@id": f"{config}-files"}, "extract": {"column": column}}
