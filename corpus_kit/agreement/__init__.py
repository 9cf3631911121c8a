"""How far people agree, what to make of it where they do not, and which labels deserve a second look."""

from corpus_kit.agreement.gold.adjudicate import adjudicate, current_spans
from corpus_kit.agreement.gold.policy import AdjudicatedTables, Decision, Policy, gold_annotation_id, gold_span_id
from corpus_kit.agreement.measures.bootstrap import Resampling
from corpus_kit.agreement.measures.characters import character_agreement
from corpus_kit.agreement.measures.choices import choice_agreement
from corpus_kit.agreement.measures.measured import measure_agreement
from corpus_kit.agreement.measures.records import AgreementFigure, Measured
from corpus_kit.agreement.measures.spans import relation_agreement, span_agreement
from corpus_kit.agreement.review import review

__all__ = [
    "AdjudicatedTables",
    "AgreementFigure",
    "Decision",
    "Measured",
    "Policy",
    "Resampling",
    "adjudicate",
    "character_agreement",
    "choice_agreement",
    "current_spans",
    "gold_annotation_id",
    "gold_span_id",
    "measure_agreement",
    "relation_agreement",
    "review",
    "span_agreement",
]
