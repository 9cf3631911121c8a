"""UIMA CAS as XMI (INCEpTION, WebAnno, cTAKES, DKPro), read with dkpro-cassis, the extra `xmi`.

Every annotation with a label becomes a region; its other features answers; annotations with two ends relations. Tokens,
sentences and metadata are no one's judgement. The type system lies beside the XMI (`TypeSystem.xml`) or in its folder.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.core.exchange import Attribute, Draft, ExchangePage, Link, Note, Region, SourceFile
from corpus_kit.ledger.formats.webanno import CURATORS

_LEFT_OUT = re.compile(
    r"uima\.(cas|tcas\.DocumentAnnotation)|.*\.(Token|Sentence|Paragraph|Heading|Div|TOP|"
    r"DocumentMetaData|TagDescription|TagsetDescription|FeatureDescription|LayerDefinition|CASMetadata)$"
)
_ENDS = (("Governor", "Dependent"), ("source", "target"), ("head", "tail"), ("arg1", "arg2"))
_LABELS = ("value", "label", "PosValue", "Label", "entityType", "category", "type", "DependencyType", "relation")
_OWN = {"begin", "end", "sofa", "xmiID", "type", "identifier"}
_OURS = ("org.corpuskit.DocumentAnswer", "org.corpuskit.RegionAnswer", "org.corpuskit.Remark")  # of `export --xmi`
UNTOLD = "NONE"
"""The label of what has none, where a format wants one."""


def read(files: Sequence[SourceFile]) -> Iterator[ExchangePage]:
    """One page for each `.xmi`. Raises UsageError, EnvironmentProblemError without dkpro-cassis."""
    systems = {f.path.rpartition("/")[0]: f for f in files if f.path.endswith(".xml")}
    documents = [f for f in files if f.path.endswith(".xmi")]
    if not documents:
        raise UsageError("There is no .xmi file among them.", "Name the .xmi files and their TypeSystem.xml.")
    by_user = len({f.folder for f in documents}) > 1
    for file in documents:
        folder = file.path.rpartition("/")[0]
        while folder not in systems and folder:
            folder = folder.rpartition("/")[0]
        found = systems.get(folder) or next(iter(systems.values()), None)
        if found is None:
            raise UsageError(f"{file.path} has no type system beside it.", "Name its TypeSystem.xml too.")
        yield page_of(file, found, by_user=by_user)


def page_of(file: SourceFile, system: SourceFile, *, by_user: bool) -> ExchangePage:
    """The page of one XMI. by_user: it lies in a folder of its document and is named after its annotator."""
    cas = _cas(file, system)
    draft = Draft(file.stem if by_user else "", settled=by_user and file.stem in CURATORS)
    name, doc_id = file.folder if by_user else file.stem, ""
    ids: dict[int, str] = {}
    relations, ours = [], []
    for one in cas.select_all_annotations():
        kind = one.type.name
        if kind.endswith(".DocumentMetaData"):
            title, own = getattr(one, "documentTitle", None), getattr(one, "documentId", None)
            name = str(title or name)
            doc_id = own if isinstance(own, str) and re.fullmatch("[0-9a-f]{16}", own) else ""
        elif _LEFT_OUT.match(kind) or not hasattr(one, "begin"):
            continue
        elif _ends(one):
            relations.append(one)
        elif kind in _OURS:
            ours.append(one)
        else:
            _region(draft, one, cas.sofa_string, ids)
    for one in relations:
        head, tail = (getattr(one, end) for end in _ends(one) or ())
        label = next((v for n in _LABELS if (v := _text(one, n))), "")
        ends = tuple(ids.get(id(end), f"#{getattr(end, 'xmiID', '')}") for end in (head, tail))
        draft.links.append(
            Link(ends[0], ends[1], "" if label == UNTOLD else label, getattr(one, "directed", True) is not False)
        )
    for one in ours:
        about = getattr(one, "region", None)
        of = None if about is None else ids.get(id(about))
        if one.type.name == _OURS[-1]:
            draft.notes.append(Note(_text(one, "value") or "", of))
        else:
            draft.answers.append(Attribute(_text(one, "name") or "", _text(one, "value") or "", of))
    return ExchangePage(name, cas.sofa_string or "", (draft.done(),), doc_id)


def _cas(file: SourceFile, system: SourceFile) -> Any:
    try:
        from cassis import load_cas_from_xmi, load_typesystem
    except ImportError as e:
        raise EnvironmentProblemError(
            "dkpro-cassis is not installed.", "Install it with `pip install 'corpus-kit[xmi]'`."
        ) from e
    for one in (file, system):
        if b"<!DOCTYPE" in one.content or b"<!ENTITY" in one.content:
            raise UsageError(f"{one.path} contains a document type, which is not read.", "Remove it.")
    try:
        types = load_typesystem(io.BytesIO(system.content))
        return load_cas_from_xmi(io.BytesIO(file.content), typesystem=types, lenient=True)
    except Exception as e:  # cassis and lxml raise whatever comes up
        raise UsageError(f"{file.path} cannot be read as XMI: {e}.", "Export it again, with its type system.") from e


def _ends(one: Any) -> tuple[str, str] | None:
    """The names of the two features that hold a relation's ends, None for what is no relation."""
    for ends in _ENDS:
        if all(hasattr(getattr(one, end, None), "begin") for end in ends):
            return ends
    return None


def _region(draft: Draft, one: Any, text: str, ids: dict[int, str]) -> None:
    own = str(getattr(one, "identifier", None) or f"x{one.xmiID}")
    name = next((n for n in _LABELS if _text(one, n)), None)
    short = one.type.name.rpartition(".")[2]
    ids[id(one)] = own
    label = (name and _text(one, name)) or short
    draft.regions.append(Region(own, one.begin, one.end, label, text[one.begin : one.end], one.type.name))
    for feature in one.type.all_features:
        if feature.name not in _OWN and feature.name != name and (value := _text(one, feature.name)):
            draft.answers.append(Attribute(feature.name, value, own))


def _text(one: Any, name: str) -> str | None:
    value = getattr(one, name, None)
    if isinstance(value, bool):
        return "true" if value else None
    return str(value) if isinstance(value, str | int | float) and value != "" else None
