"""A labeling config for what the files of another tool say, where a corpus has no layer for it yet."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from corpus_kit.core.errors import UsageError
from corpus_kit.core.exchange import ExchangePage

ANSWER = "answer"
"""The name of a question that the files do not name."""


def config_of(pages: Iterable[ExchangePage], layer: str) -> str:
    """A config.xml with every label, answer and relation of some pages.

    Args:
        pages: What a reader gave.
        layer: The name of the layer, and of the control for its spans.

    Returns:
        The text of the file. Labels are in the order of the alphabet.

    Raises:
        UsageError: No one marked or answered anything, so that no label is known.
    """
    marks: set[str] = set()
    links: set[str] = set()
    answers: dict[tuple[str, bool], set[str]] = {}
    linked = False
    for page in pages:
        for work in page.works:
            marks |= {region.label for region in work.regions if region.label}
            linked = linked or bool(work.links)
            links |= {link.label for link in work.links if link.label}
            for one in work.answers:
                answers.setdefault((one.name or ANSWER, one.of is not None), set()).add(one.value)
    if not marks and not answers:
        raise UsageError(
            f"No label is in the files, so the layer '{layer}' cannot be made of them.",
            f"Write annotation/{layer}/config.xml, and name the layer in corpus.toml.",
        )
    lines = ["<View>", *_of_marks(layer, marks), *_of_links(linked, links)]
    taken = {layer}
    for (name, of_region), values in sorted(answers.items()):
        own = _free(name, taken)
        region = ' perRegion="true"' if of_region else ""
        lines.append(f'  <Choices name={quoteattr(own)} toName="text" choice="multiple"{region}>')
        lines += [f"    <Choice value={quoteattr(value)}/>" for value in sorted(values)]
        lines.append("  </Choices>")
    return "\n".join([*lines, '  <Text name="text" value="$text"/>', "</View>", ""])


def _of_marks(layer: str, marks: set[str]) -> list[str]:
    if not marks:
        return []
    inner = [f"    <Label value={quoteattr(label)}/>" for label in sorted(marks)]
    return [f'  <Labels name={quoteattr(layer)} toName="text">', *inner, "  </Labels>"]


def _of_links(linked: bool, links: set[str]) -> list[str]:
    if not linked:
        return []
    return [
        "  <Relations>",
        *(f"    <Relation value={quoteattr(label)}/>" for label in sorted(links)),
        "  </Relations>",
    ]


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number behind it where it is taken."""
    own, number = name, 2
    while own in taken:
        own, number = f"{name}_{number}", number + 1
    taken.add(own)
    return own
