"""UIMA CAS as XMI with its type system, written by dkpro-cassis: one `.xmi` a document, one `TypeSystem.xml` a person."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from corpus_kit.core.errors import EnvironmentProblemError
from corpus_kit.core.exchange import ExchangePage, Work
from corpus_kit.release.export.interchange import END_MISSING, NOT_XML, FormatLoss, ToolFiles

SPAN, RELATION = "webanno.custom.Label", "webanno.custom.LabelRelation"
ANSWER, META = "org.corpuskit.DocumentAnswer", "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData"
REGION_ANSWER = "org.corpuskit.RegionAnswer"
REMARK = "org.corpuskit.Remark"
UNTOLD = "NONE"
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def write(page: ExchangePage, work: Work) -> ToolFiles:
    """One document. A text that XML cannot hold (control characters) is lost whole."""
    if _NO_XML.search(page.text):
        every = tuple(FormatLoss(r.start, r.end, r.label, NOT_XML) for r in work.regions)
        return ToolFiles({}, every or (FormatLoss(None, None, "", NOT_XML),))
    from cassis import Cas

    types = _types()
    cas = Cas(typesystem=types)
    cas.sofa_string, cas.sofa_mime = page.text, "text/plain"
    cas.add(_made(types, META, begin=0, end=len(page.text), documentTitle=page.name, documentId=page.doc_id))
    lost, made = [], {}
    for region in work.regions:
        one = _made(types, SPAN, begin=region.start, end=region.end, label=_clean(region.label), identifier=region.id)
        made[region.id] = one
        cas.add(one)
    for link in work.links:
        head, tail = made.get(link.head), made.get(link.tail)
        if head is None or tail is None:
            lost.append(FormatLoss(None, None, link.label, END_MISSING))
            continue
        place = {"begin": tail.begin, "end": tail.end}
        ends = {"Governor": head, "Dependent": tail, "label": _clean(link.label) or UNTOLD, "directed": link.directed}
        cas.add(_made(types, RELATION, **place, **ends))
    for answer in work.answers:
        told = {"name": _clean(answer.name), "value": _clean(answer.value)}
        one = made.get(answer.of or "")
        place = {"begin": 0, "end": 0} if one is None else {"begin": one.begin, "end": one.end, "region": one}
        cas.add(_made(types, ANSWER if one is None else REGION_ANSWER, **place, **told))
    for note in work.notes:
        one = made.get(note.of or "")
        cas.add(_made(types, REMARK, begin=0, end=0, value=_clean(note.text), region=one))
    return ToolFiles(
        {f"{page.name}.xmi": cas.to_xmi().encode(), "TypeSystem.xml": types.to_xml().encode()}, tuple(lost)
    )


def _clean(text: str) -> str:
    return _NO_XML.sub("", text)


def _made(types: Any, kind: str, /, **features: Any) -> Any:
    return types.get_type(kind)(**features)


@lru_cache(maxsize=1)
def _types() -> Any:
    try:
        from cassis import TypeSystem
    except ImportError as e:
        raise EnvironmentProblemError(
            "dkpro-cassis is not installed.", "Install it with `pip install 'corpus-kit[xmi]'`."
        ) from e
    types = TypeSystem()
    text = "uima.cas.String"
    columns: dict[str, dict[str, str]] = {
        META: {"documentTitle": text, "documentId": text},
        SPAN: {"label": text, "identifier": text},
        RELATION: {"Governor": SPAN, "Dependent": SPAN, "label": text, "directed": "uima.cas.Boolean"},
        ANSWER: {"name": text, "value": text},
        REGION_ANSWER: {"name": text, "value": text, "region": SPAN},
        REMARK: {"value": text, "region": SPAN},
    }
    for name, features in columns.items():
        made = types.create_type(name, "uima.tcas.Annotation")
        for feature, kind in features.items():
            types.create_feature(made, feature, kind)
    return types
