"""Speed of looking for 100,000 names in 100 MB of text, beside one `re.findall(r"\\w+", text)` over it.

python benchmarks/propagation.py [--megabytes 100] [--names 100000] [--write]

The text is made here: Russian, Polish and English pages of 6 kB in which every twelfth word or so is one of the names, in a
case of its language, as in news. Both sides run interleaved in one process, in processor seconds; building the automata
is counted, too. --write puts the table into benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import time
from pathlib import Path

from corpus_kit.suggest.entities.calibration import fit
from corpus_kit.suggest.entities.context import word_key
from corpus_kit.suggest.entities.inflection import rule_of
from corpus_kit.suggest.entities.propagation import Propagation, TextToLabel
from corpus_kit.suggest.entities.records import Name

README = Path(__file__).parent / "README.md"
PAGE = 6000
SYLLABLES = {
    "ru": "ка ло ми нер тас вор пель дун ша рик ост вил кро мар нет зав гор лен пус дра".split(),
    "pl": "ka lo mi ner tas wor pel dun sza ryk ost wil kro mar net zaw gór len pus dra".split(),
    "en": "ka lo mi ner tas vor pel dun sha rick ost wil cro mar net zav gor len pus dra".split(),
}
ENDINGS = {"ru": ["", "а", "у", "ом", "е"], "pl": ["", "a", "u", "em", "ie"], "en": [""]}


def word(rng: random.Random, language: str, least: int, most: int) -> str:
    return "".join(rng.choice(SYLLABLES[language]) for _ in range(rng.randint(least, most)))


def made_names(rng: random.Random, count: int) -> list[tuple[str, str]]:
    """(name, language): a third of two words, the rest of one."""
    found: dict[str, str] = {}
    while len(found) < count:
        language = rng.choice(list(SYLLABLES))
        name = word(rng, language, 3, 5).capitalize()
        if rng.random() < 1 / 3:
            name += " " + word(rng, language, 3, 5).capitalize()
        found.setdefault(name, language)
    return list(found.items())


def made_pages(rng: random.Random, names: list[tuple[str, str]], total: int) -> list[tuple[str, str]]:
    """(page, language), `total` bytes of UTF-8 in all."""
    by_language = {code: [name for name, own in names if own == code] for code in SYLLABLES}
    plain = {code: [word(rng, code, 1, 4) for _ in range(30_000)] for code in SYLLABLES}
    pages, size = [], 0
    while size < total:
        language = rng.choice(list(SYLLABLES))
        words: list[str] = []
        length = 0
        while length < PAGE:
            some = rng.choices(plain[language], k=11)
            some.append(rng.choice(by_language[language]) + rng.choice(ENDINGS[language]))
            words += some
            length += sum(map(len, some)) + len(some)
        page = " ".join(words)
        pages.append((page, language))
        size += len(page.encode())
    return pages


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    rng = random.Random(11)
    names = made_names(rng, args.names)
    pages = made_pages(rng, names, int(args.megabytes * 1e6))

    clock = time.process_time
    before = clock()
    learned = [Name(name, "PERSON", 5, 5) for name, _ in names]
    pairs = [name.split() for name, _ in names if " " in name]
    words = {word_key(word, side) for pair in pairs for word, side in zip(pair, "<>", strict=True)}
    model = Propagation(learned, words, fit(()), 0.5)
    for language in SYLLABLES:
        model.lexicon(rule_of(language))
    building = clock() - before
    finding = suggesting = 0.0
    found = 0
    for at in range(0, len(pages), 200):  # interleaved, so that what else the machine does meets both
        some = pages[at : at + 200]
        before = clock()
        for text, _ in some:
            re.findall(r"\w+", text)
        finding += clock() - before
        before = clock()
        found += sum(map(len, model.suggest([TextToLabel(text, language) for text, language in some])))
        suggesting += clock() - before
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    table = "\n".join(
        [
            "| | processor seconds | × findall |",
            "|---|---|---|",
            f'| `re.findall(r"\\w+", …)` over {args.megabytes:g} MB, {len(pages):,} pages | {finding:.1f} | 1 |',
            f"| {args.names:,} names looked for, {found:,} suggested | {suggesting:.1f} | {suggesting / finding:.1f} |",
            f"| the automata of three languages built, once per process | {building:.1f} | {building / finding:.1f} |",
            f"| both together | {building + suggesting:.1f} | {(building + suggesting) / finding:.1f} |",
            "",
            f"Peak memory of the process, pages included: {memory:,.0f} MB.",
        ]
    )
    print(table)
    if args.write:
        text = README.read_text(encoding="utf-8")
        begin, end = "<!-- propagation:begin -->", "<!-- propagation:end -->"
        head, _, rest = text.partition(begin)
        README.write_text(f"{head}{begin}\n{table}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
