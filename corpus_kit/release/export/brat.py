"""brat standoff: `<doc_id>.txt` and `<doc_id>.ann`. Names are percent-encoded where brat takes no such character."""

from __future__ import annotations

from urllib.parse import quote

from corpus_kit.core.exchange import ExchangePage, Work
from corpus_kit.release.export.interchange import DOCUMENT_ANSWER, END_MISSING, FormatLoss, ToolFiles


def write(page: ExchangePage, work: Work) -> ToolFiles:
    """One person's work on a page; answers about the whole document have no place in brat."""
    ids = {region.id: f"T{number}" for number, region in enumerate(work.regions, start=1)}
    lines, lost = [], []
    for region in work.regions:
        words = " ".join(page.text[region.start : region.end].splitlines())
        lines.append(f"{ids[region.id]}\t{_name(region.label)} {region.start} {region.end}\t{words}")
    for number, link in enumerate(work.links, start=1):
        if link.head not in ids or link.tail not in ids:
            lost.append(FormatLoss(None, None, link.label, END_MISSING))
        elif link.directed:
            lines.append(f"R{number}\t{_name(link.label or 'Relation')} Arg1:{ids[link.head]} Arg2:{ids[link.tail]}\t")
        else:
            lines.append(f"*\t{_name(link.label or 'Equiv')} {ids[link.head]} {ids[link.tail]}")
    for number, answer in enumerate(work.answers, start=1):
        if answer.of in ids:
            lines.append(f"A{number}\t{_name(answer.name)} {ids[answer.of]} {_name(answer.value)}")
        else:
            lost.append(FormatLoss(None, None, f"{answer.name}={answer.value}", DOCUMENT_ANSWER))
    for number, note in enumerate(work.notes, start=1):
        if note.of in ids:
            lines.append(f"#{number}\tAnnotatorNotes {ids[note.of]}\t{' '.join(note.text.splitlines())}")
        else:
            lost.append(FormatLoss(None, None, "note", DOCUMENT_ANSWER))
    content = "".join(f"{line}\n" for line in lines)
    files = {f"{page.name}.txt": page.text.encode(), f"{page.name}.ann": content.encode()}
    return ToolFiles(files, tuple(lost))


def _name(text: str) -> str:
    """A name as one word; letters of any script stay."""
    return "".join(c if c.isalnum() or c in "-_" else quote(c, safe="") for c in text) or "_"
