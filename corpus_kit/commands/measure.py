"""Commands: agreement, gold, and where labels come from. Each is a method of `Corpus`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from corpus_kit.core.progress import Progress, Silent
from corpus_kit.core.workspace import Workspace

if TYPE_CHECKING:
    from corpus_kit.agreement.evaluation.evaluate import LayerScores
    from corpus_kit.agreement.gold.build import Gold
    from corpus_kit.agreement.measures.breakdown import LayerPart, Needed
    from corpus_kit.agreement.measures.measured import AgreementReport
    from corpus_kit.agreement.multiverse import Multiverse
    from corpus_kit.agreement.review import Suspect
    from corpus_kit.agreement.why import Why


class MeasureCommands(Workspace):
    """See `Corpus`."""

    __slots__ = ()

    def evaluate(
        self,
        predictions: str | Path,
        layer: str | None = None,
        *,
        release: str | Path | None = None,
        split: str | None = None,
    ) -> list[LayerScores]:
        """F1 of predictions against gold and each person, with what people reach: one entry for each layer of the file.

        layer: of rows that do not name one. release: a folder, by default the corpus's own. split: by default `test`.
        Raises UsageError for a file that cannot be read, no release, no such split or layer.
        """
        from corpus_kit.pipeline.evaluate import evaluate

        return evaluate(self, Path(predictions), layer, Path(release) if release else None, split)

    def agreement(self, layer: str | None = None) -> AgreementReport:
        """How far people agree, per layer, control, label and pair, with intervals; and where they differ most.

        Measured on the ledger and the documents of the last build, without the reviewers that `corpus.toml` names, who saw
        others' answers. layer: by default all. Raises UsageError before there are annotations.
        """
        from corpus_kit.pipeline.adjudicate import agreement

        return agreement(self, layer)

    def agreement_by(self, by: str, layer: str | None = None) -> list[LayerPart]:
        """The same by `guidelines`, `config`, `month`, `language`, `publisher` or `suggested`: what people did under each.

        Raises UsageError before there are annotations, and for another word.
        """
        from corpus_kit.pipeline.adjudicate import agreement_by

        return agreement_by(self, by, layer)

    def agreement_plan(self, width: float, layer: str | None = None) -> list[Needed]:
        """How many more documents several people are to label for intervals of this width, such as 0.05, per figure."""
        from corpus_kit.pipeline.adjudicate import agreement_plan

        return agreement_plan(self, width, layer)

    def adjudicate(
        self,
        policy: str | None = None,
        boundary: str | None = None,
        reviewers: Sequence[str] = (),
        *,
        progress: Progress | None = None,
    ) -> Gold:
        """Write `data/gold` from the ledger, pulls since the last build included: what people settled, every decision.

        policy, boundary, reviewers: instead of those of `corpus.toml`, for this run; the next build keeps to the file.
        Raises UsageError before there are annotations and for names that do not exist, FindingsError.
        """
        from corpus_kit.pipeline.adjudicate import adjudicate

        return adjudicate(
            self, policy=policy, boundary=boundary, reviewers=tuple(reviewers), progress=progress or Silent()
        )

    def review(self, layer: str | None = None, *, gold: bool = True) -> list[Suspect]:
        """Labels that the rest of the corpus contradicts, most suspicious first, each with its evidence.

        gold: of the adjudicated labels, else of every person's. Raises UsageError before there are any.
        """
        from corpus_kit.pipeline.review import review

        return review(self, layer, gold=gold)

    def why(self, document: str, start: int | None = None, end: int | None = None, *, layer: str | None = None) -> Why:
        """How the labels of a document, or of a place in it, came about, and in which worlds they would not be gold.

        document: doc_id or source. start, end: code points. Raises UsageError where there is no such document, or no label.
        """
        from corpus_kit.pipeline.multiverse import why

        return why(self, document, start, end, layer)

    def multiverse(self, layer: str | None = None, *, progress: Progress | None = None) -> Multiverse:
        """Which gold labels, shares of labels and figures of agreement hold in every world that `[multiverse]` names.

        layer: by default all. Raises UsageError before there are annotations, and for more worlds than are taken.
        """
        from corpus_kit.pipeline.multiverse import multiverse

        return multiverse(self, layer, progress or Silent())
