"""The forms a name takes in Slavic languages: which endings may follow which stem.

A paradigm is the singular of one declension of nouns, or of adjectives, as school grammars list them (for Russian: Wade,
A Comprehensive Russian Grammar, 2011; Ukrainian: Pugh and Press, Ukrainian, 1999; Polish: Swan, A Grammar of Contemporary
Polish, 2002; Czech: Naughton, Czech, 2005; Serbian and Croatian: Alexander, Bosnian, Croatian, Serbian, 2006). Two forms
belong together when one paradigm has the endings of both after the same stem; stems are compared letter by letter,
nothing is cut off by guesswork. Plurals of personal names are left out, for `Романов` is no plural of `Роман`; a form
that ends like a plural (`Драскийцы`) has the plural's cases.

So that unlike names do not merge: from the first case a stem of three letters will do, from another one five are wanted
(`Марта` does not become `Март`). Words all in capitals, and names without any capital, have one form only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

LEAST_STEM, LEAST_OBLIQUE_STEM = 3, 5
LONGEST_ENDING = 4
# Endings of surnames too: a form that ends so is no plural.
_NO_PLURALS = frozenset(("ов", "ев", "ів", "ей"))


@dataclass(frozen=True, slots=True)
class Paradigm:
    """first: endings of the first case. others: of the other cases. after: what the stem must end with, "" for anything.

    changes: (end of the stem, what it becomes, endings after that).
    """

    first: frozenset[str]
    others: frozenset[str]
    after: tuple[str, ...] = ("",)
    changes: tuple[tuple[str, str, frozenset[str]], ...] = ()


def _paradigm(first: str, others: str, after: str = "", changes: str = "") -> Paradigm:
    """Endings between spaces, `0` for none. changes: `old>new:ending,ending` between spaces."""
    made = []
    for change in changes.split():
        stems, endings = change.split(":")
        old, new = stems.split(">")
        made.append((old, new, _endings(endings.replace(",", " "))))
    return Paradigm(_endings(first), _endings(others), tuple(after.split()) or ("",), tuple(made))


def _endings(words: str) -> frozenset[str]:
    return frozenset("" if word == "0" else word for word in words.split())


_HARD_CYRILLIC = "б в г ґ д ж з к л м н п р с т ф х ц ч ш щ"
_HARD_LATIN = "b c d f g h j k l ł m n p q r s t v w x z ch sz cz rz ż č ď ň ř š ť ž đ ć"

_RUSSIAN = (
    _paradigm("0", "а у ом ем ём е", _HARD_CYRILLIC, "ец>ц:а,у,ом,ем,е ок>к:а,у,ом,е"),
    _paradigm("0", "а у ым е", "ов ев ёв ин ын"),
    _paradigm("а", "ой у ою", "ов ев ёв ин ын"),
    _paradigm("ь", "я ю ем ём е и"),
    _paradigm("ь", "и ью"),
    _paradigm("й", "я ю ем е и"),
    _paradigm("а", "ы е у ой ою ей ею", "б в д з л м н п р с т ф ц"),
    _paradigm("а", "и е у ой ою ей ею", "г к х ж ч ш щ"),
    _paradigm("я", "и е ю ей ею ёй"),
    _paradigm("о", "а у ом е", _HARD_CYRILLIC),
    _paradigm("е", "я ю ем и", "и л р ь"),
    _paradigm("ий ый ой", "ого его ому ему ым им ом ем", _HARD_CYRILLIC),
    _paradigm("ая яя", "ой ей ую юю ою ею", _HARD_CYRILLIC),
    _paradigm("ое ее", "ого его ому ему ым им ом ем", _HARD_CYRILLIC),
    _paradigm("ые ие", "ых их ым им ыми ими", _HARD_CYRILLIC),
    _paradigm("ы и", "ов ев ей ам ям ами ями ах ях", _HARD_CYRILLIC),
)
_UKRAINIAN = (
    _paradigm("0", "а у ові еві ом ем і", _HARD_CYRILLIC, "ець>ц:я,ю,ем,і,еві ок>к:у,а,ом,ові"),
    _paradigm("0", "а у ові им і", "ов ев єв ів їв ин їн ін", "ів>ов:а,у,ом,ові,і,им ів>ев:а,у,ом,ові,і,им"),
    _paradigm("ь", "я ю ем еві і"),
    _paradigm("ь", "і ю"),
    _paradigm("й", "я ю єм єві ї"),
    _paradigm("а", "и і у ою ею", _HARD_CYRILLIC, "к>ц:і г>з:і х>с:і"),
    _paradigm("я", "і ї ю ею єю"),
    _paradigm("о", "а у ом і ові", _HARD_CYRILLIC),
    _paradigm("е", "я ю ем і", "щ ц ж"),
    _paradigm("ий ій", "ого ього ому ьому им ім", _HARD_CYRILLIC),
    _paradigm("а", "ої ій у ою", _HARD_CYRILLIC),
    _paradigm("е", "ого ому им", _HARD_CYRILLIC),
    _paradigm("і", "их им ими", _HARD_CYRILLIC),
    _paradigm("и і", "ів ам ям ами ями ах ях", _HARD_CYRILLIC),
)
_BELARUSIAN = (
    _paradigm("0", "а у ам ем е ы", _HARD_CYRILLIC),
    _paradigm("ь й", "я ю ем і"),
    _paradigm("а", "ы і е у ай аю", _HARD_CYRILLIC),
    _paradigm("я", "і ю яй яю ей"),
    _paradigm("ы і", "ага яга аму яму ым ім", _HARD_CYRILLIC),
    _paradigm("ая яя", "ай яй ую юю", _HARD_CYRILLIC),
)
_SERBIAN = (
    _paradigm("0", "а у ом ем е", "б в г д ђ ж з к л љ м н њ п р с т ћ ф х ц ч џ ш ј"),
    _paradigm("а", "е и у ом о", ""),
    _paradigm("о е", "а у ом ем", ""),
    _paradigm("и", "ог ога ом оме им", "к ч н"),
    _paradigm("а", "е ој у ом", "к ч н"),
)
_POLISH = (
    _paradigm(
        "0", "a u owi em ie y", _HARD_LATIN,
        "d>dz:ie t>c:ie r>rz:e ł>l:e st>śc:ie zd>źdz:ie k>k:iem g>g:iem ek>k:a,u,owi,iem iec>c:a,u,owi,em ów>ow:a,u,ie,em",
    ),
    _paradigm("0", "0", "ń ć ś ź", "ń>ni:a,u,owi,em,ą ć>ci:a,u,owi,em,ą ś>si:a,u,owi,em,ą ź>zi:a,u,owi,em,ą"),
    _paradigm("a", "y i ę ą ie e o", _HARD_LATIN, "d>dz:ie t>c:ie r>rz:e ł>l:e k>c:e g>dz:e ch>sz:e st>śc:ie"),
    _paradigm("a", "i ę ą", "i j l"),
    _paradigm("o", "a u em ie", _HARD_LATIN, "d>dz:ie t>c:ie r>rz:e ł>l:e k>k:iem,u"),
    _paradigm("e", "a u em", "i z"),
    _paradigm("i y", "iego ego iemu emu im ym", _HARD_LATIN),
    _paradigm("a", "iej ej ą", _HARD_LATIN),
    _paradigm("ie e", "iego ego iemu emu im ym", _HARD_LATIN),
)  # fmt: skip
_CZECH = (
    _paradigm("0", "a u ovi em ě e y", _HARD_LATIN),
    _paradigm("a", "y u ě e ou o", _HARD_LATIN),
    _paradigm("o", "a u em ě", _HARD_LATIN),
    _paradigm("á", "é ou", _HARD_LATIN),
    _paradigm("ý", "ého ému ém ým", _HARD_LATIN),
    _paradigm("í", "ího ímu ím", _HARD_LATIN),
)
_CROATIAN = (
    _paradigm("0", "a u om em e", _HARD_LATIN),
    _paradigm("a", "e i u om o", _HARD_LATIN + " i"),
    _paradigm("o e", "a u om em", _HARD_LATIN),
    _paradigm("i", "og oga om ome im", "k č n"),
)
_SLOVENE = (
    _paradigm("0", "a u om em", _HARD_LATIN),
    _paradigm("a", "e i o", _HARD_LATIN + " i"),
    _paradigm("o e", "a u om em", _HARD_LATIN),
)
RULES: dict[str, tuple[Paradigm, ...]] = {
    "ru": _RUSSIAN, "uk": _UKRAINIAN, "be": _BELARUSIAN, "sr": _SERBIAN, "pl": _POLISH, "cs": _CZECH, "sk": _CZECH,
    "hr": _CROATIAN, "bs": _CROATIAN, "sl": _SLOVENE,
}  # fmt: skip
"""Language → its paradigms. Bulgarian and Macedonian names have no cases."""


def rule_of(language: str) -> str:
    """The key in `RULES` for a document's language (`pl`, `pl-PL`), "" where names have one form only."""
    code = language.replace("_", "-").split("-")[0].lower()
    return code if code in RULES else ""


@lru_cache(maxsize=1 << 16)
def forms(word: str, rule: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Stems and the endings each may have so that the word stays the same name; the word itself is among them.

    word: one word as it was labelled, with its capitals. rule: a key of `RULES`.
    """
    found: dict[str, set[str]] = {word: {""}}
    if not (len(word) > 1 and word.isupper()) and word.isalpha():
        for paradigm in RULES[rule]:
            for stem, oblique in _stems(word, paradigm):
                if len(stem) >= (LEAST_OBLIQUE_STEM if oblique else LEAST_STEM):
                    for literal, endings in _of_stem(stem, paradigm):
                        found.setdefault(literal, set()).update(endings)
    return tuple((stem, frozenset(endings)) for stem, endings in sorted(found.items()))


def _stems(word: str, paradigm: Paradigm) -> Iterator[tuple[str, bool]]:
    """Stems of which the word is a form, and whether it is another case than the first."""
    for ending in (paradigm.first | paradigm.others) - _NO_PLURALS:
        stem = word[: len(word) - len(ending)]
        if word.endswith(ending) and stem.endswith(paradigm.after):
            yield stem, ending not in paradigm.first
    for old, new, endings in paradigm.changes:
        for ending in endings:
            if word.endswith(new + ending):
                stem = word[: len(word) - len(new + ending)] + old
                if stem.endswith(paradigm.after):
                    yield stem, True


def _of_stem(stem: str, paradigm: Paradigm) -> Iterator[tuple[str, frozenset[str]]]:
    yield stem, paradigm.first | paradigm.others
    for old, new, endings in paradigm.changes:
        if stem.endswith(old):
            yield stem[: len(stem) - len(old)] + new, endings
