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

from collections.abc import Iterable
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


def forms(word: str, rule: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Stems and the endings each may have so that the word stays the same name; the word itself is among them.

    word: one word as it was labelled, with its capitals. rule: a key of `RULES`.
    """
    table = _table(rule)
    if word[-1] not in table.last or not word.isalpha() or (len(word) > 1 and word.isupper()):
        return ((word, _AS_IT_IS),)
    found = {word: _ITSELF}  # stem → its sets of endings, as bits
    length = len(word)
    for size in range(1, min(table.longest, length) + 1):
        for cut, old, after, least, whole, others in table.by_end.get(word[length - size :], ()):
            stem = word[: length - cut] + old
            if len(stem) >= least and stem.endswith(after):
                found[stem] = found.get(stem, 0) | whole
                for end, new, endings in others:
                    if stem.endswith(end):
                        literal = stem[: len(stem) - len(end)] + new
                        found[literal] = found.get(literal, 0) | endings
    return tuple([(stem, table.endings(sets)) for stem, sets in sorted(found.items())])


_ITSELF = 1
_AS_IT_IS = frozenset(("",))
_Changes = tuple[tuple[str, str, int], ...]
_Step = tuple[int, str, tuple[str, ...], int, int, _Changes]
"""What to cut off a word and what to put there instead for a stem; what that must end with, and how long it must be; the
stem's sets of endings as bits; ends of the stem, what they become, sets of endings after that."""


class _Table:
    """The paradigms of a language by how their forms end.

    by_end: end of a word → its steps. longest: of these ends. last: the letters they end with.
    """

    def __init__(self, paradigms: Iterable[Paradigm]) -> None:
        self._sets = [_AS_IT_IS]
        self._united: dict[int, frozenset[str]] = {}
        steps: dict[str, dict[tuple[int, str, tuple[str, ...], int], tuple[int, _Changes]]] = {}

        def put(end: str, cut: int, old: str, after: tuple[str, ...], least: int) -> None:
            # Steps that lead to one stem are one step. No end is empty: what has no ending must end with something.
            known = steps.setdefault(end, {})
            bits, changes = known.get((cut, old, after, least), (0, ()))
            known[cut, old, after, least] = bits | whole, tuple(dict.fromkeys((*changes, *others)))

        for paradigm in paradigms:
            others = tuple((old, new, self._bit(endings)) for old, new, endings in paradigm.changes)
            whole = self._bit(paradigm.first | paradigm.others)
            for ending in (paradigm.first | paradigm.others) - _NO_PLURALS:
                least = LEAST_STEM if ending in paradigm.first else LEAST_OBLIQUE_STEM
                for after in paradigm.after:
                    put(after + ending, len(ending), "", ("",), least)
            for old, new, endings in paradigm.changes:
                for ending in endings:
                    put(new + ending, len(new + ending), old, paradigm.after, LEAST_OBLIQUE_STEM)
        self.by_end: dict[str, list[_Step]] = {
            end: [(*step, *result) for step, result in known.items()] for end, known in steps.items()
        }
        self.longest = max(map(len, steps))
        self.last = {end[-1] for end in steps}

    def endings(self, sets: int) -> frozenset[str]:
        """The union of the sets whose bits are given."""
        if sets not in self._united:
            self._united[sets] = frozenset().union(*(s for i, s in enumerate(self._sets) if sets >> i & 1))
        return self._united[sets]

    def _bit(self, endings: frozenset[str]) -> int:
        if endings not in self._sets:
            self._sets.append(endings)
        return 1 << self._sets.index(endings)


@lru_cache(maxsize=len(RULES))
def _table(rule: str) -> _Table:
    return _Table(RULES[rule])
