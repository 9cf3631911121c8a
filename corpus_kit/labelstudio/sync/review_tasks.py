"""Review tasks: a document with everybody's version of its labels, and a panel that says who answered what.

The versions are predictions: the server shows them side by side, each under its author's pseudonym. What is settled is
one of them, and the one that a reviewer starts from; what is open is in none of the reviewer's answers until they give
it, so that nothing is settled by overlooking it.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from corpus_kit.core.layers import Layer
from corpus_kit.core.records import (
    DISAGREEMENTS,
    REVIEW_FIELD,
    SECOND_LOOK,
    SETTLED,
    Finding,
    ReviewDocument,
    ReviewItem,
)
from corpus_kit.labelstudio.api.batches import Json
from corpus_kit.labelstudio.sync.answers import results_of_version
from corpus_kit.labelstudio.sync.server_context import ServerContext
from corpus_kit.labelstudio.sync.tasks import PushInput, WantedTask, Window, digest, meta_with

KINDS = (DISAGREEMENTS, SECOND_LOOK)

_PANEL = """<View>
  <View style="max-height: 14em; overflow: auto; border: 1px solid #999999; padding: 4px 10px; margin: 0 0 8px">
    <HyperText name="{name}" value="${name}" inline="true"/>
  </View>
{config}
</View>"""
_CELL = ' style="padding: 2px 14px 2px 0; vertical-align: top"'
_TOLD = {DISAGREEMENTS: ("open", "the disagreements"), SECOND_LOOK: ("to look at again", "the labels in doubt")}
_GUIDE = """# {title}

The box above the text lists {what} and who answered what. You begin with all that is settled; add, change or remove labels
until the page is right, then submit: **what you submit is the answer for the whole page**, also where you left something
out. *Skip* leaves the page open. Everybody's own version is a tab beside yours when you open a task from the list.

"""


def review_layer(layer: Layer, kind: str) -> Layer:
    """The layer as its review project shows it: named after both, with a panel above the labeling page."""
    name = f"{layer.name} {kind}"
    guide = _GUIDE.format(title=name.capitalize(), what=_TOLD[kind][1]).replace("*Skip*", "Skip")
    config = _PANEL.format(name=REVIEW_FIELD, config=layer.config_xml)
    return replace(layer, name=name, config_xml=config, guidelines=guide + (layer.guidelines or ""))


def review_site(site: ServerContext) -> ServerContext:
    """One reviewer settles; they go through the tasks in order."""
    return replace(site, settings=site.settings.model_copy(update={"overlap": 1, "sampling": "sequential"}))


@dataclass(frozen=True, slots=True)
class ReviewTask(WantedTask):
    """versions: predictions, what is settled last: of several, the server's page opens with the newest."""

    versions: tuple[Json, ...] = ()

    @property
    def predictions(self) -> list[Json]:
        return list(self.versions)

    def task(self) -> Json:
        return {"data": self.data, "meta": meta_with({}, self.marks), "predictions": self.predictions}


class ReviewSource(PushInput):
    """The review tasks one layer should have. documents: by `core.records`, of this layer and kind."""

    def __init__(self, data: ServerContext, layer: Layer, kind: str, documents: Sequence[ReviewDocument]) -> None:
        super().__init__(data.data, layer, data.settings.order)
        self.kind, self.layer, self.model_version = kind, layer, SETTLED
        self.open_hours = data.settings.open_hours
        self.documents: Mapping[str, ReviewDocument] = {one.doc_id: one for one in documents}

    def __len__(self) -> int:
        return len(self.documents)

    def windows(self, only: Iterable[str] | None = None) -> Iterator[Window]:
        """As of any source; only documents that are to be reviewed."""
        wanted = set(self.documents) if only is None else set(self.documents) & set(only)
        for window in super().windows(wanted):
            made = Window(refused=[f for f in window.refused if f.table == "documents"])
            for one in window.wanted:
                document = self.documents[one.data["doc_id"]]
                if document.text_sha256 == one.data["text_sha256"]:
                    made.wanted.append(self._task(one, document, made.refused))
                else:
                    hint = "Its text has changed since gold was made; run `corpus-kit build`."
                    made.refused.append(_finding(document, "other_text", hint))
            yield made

    def _task(self, one: WantedTask, document: ReviewDocument, refused: list[Finding]) -> ReviewTask:
        versions = []
        for version in document.versions:
            results, lost = results_of_version(self.layer, version, one.data["text"])
            versions.append({"model_version": version.name, "result": results})
            told = [f"{version.name}: the config has no place for {what}." for what in dict.fromkeys(lost)]
            refused += [_finding(document, "not_shown", sentence) for sentence in told]
        several = len([control for control in self.layer.controls if control.kind != "relations"]) > 1
        data = one.data | {REVIEW_FIELD: panel(self.kind, document.items, several=several)}
        marks = digest((self.kind, *sorted(data.items()), repr(versions)))
        return ReviewTask(data, (), one.fingerprint, marks, self, versions=tuple(versions))


def panel(kind: str, items: Sequence[ReviewItem], *, several: bool) -> str:
    """What is open, as the HTML of the panel. several: the layer asks several things, so each item says which."""
    rows = []
    for number, item in enumerate(items, start=1):
        said = "<br>".join(
            f"{html.escape(answer)}: <b>{html.escape(', '.join(names))}</b>" for answer, names in item.said
        )
        cells = [
            str(number),
            *([html.escape(item.of)] if several else []),
            said,
            html.escape(item.why),
        ]
        rows.append("<tr>" + "".join(f"<td{_CELL}>{cell}</td>" for cell in cells) + "</tr>")
    return f"<b>{len(items)} {_TOLD[kind][0]}</b><table>{''.join(rows)}</table>"


def _finding(document: ReviewDocument, code: str, hint: str) -> Finding:
    return Finding(code, "annotations", f"doc_id={document.doc_id}", "", hint)
