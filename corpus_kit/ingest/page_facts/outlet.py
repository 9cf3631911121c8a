"""Which publication a page belongs to: what its copyright line or its window title calls it. Null rather than a guess."""

from __future__ import annotations

import re
from functools import lru_cache

_TAIL_CHARS = 4000
_LONGEST = 60
_YEARS = re.compile(r"(?<!\d)(?:19|20)\d\d(?:\s*[-–—/]\s*(?:(?:19|20)?\d\d(?!\d)|\w+(?=\s|$)))?")
_MARK = re.compile(r"©|(?<!\d)\([cC]\)|\bcopyright\b", re.IGNORECASE)
# "All rights reserved" as publishers write it; what it says ends the name, and is none itself.
_RIGHTS = re.compile(
    r"\b(?:all rights|rights reserved|alle rechte|tous droits|todos los derechos|derechos reservados|todos os direitos|"
    r"direitos reservados|tutti i diritti|wszelkie prawa|wszystkie prawa|все права|всі права|усі права|права защищены|"
    r"všechna práva|alla rättigheter|alle rettigheter|tüm hakları|με επιφύλαξη|toate drepturile)\b[^.|•·]*",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"\b(?:powered|designed|developed|created|built|made|hosted|theme|website|site|web design|design) (?:by|with|in|on)\b|"
    r"\btheme\b|\bversion\b|\bpowered\b|^v?\d|^by\b\s*$|\bterms\b|\bprivacy\b|\bcookie|\bcontact\b|\bsitemap\b|\bregistered\b|"
    r"\btrademark|\bcopyrights?\b|\bpermission\b|\bsign in\b|\blog in\b|https?:|@",
    re.IGNORECASE,
)
# A dot after one of these, or after a single letter, belongs to the name.
_SHORT = re.compile(
    r"(?:^|[\s.,&])(?:[^\W\d_]|co|ltd|inc|corp|bros|st|mr|mrs|dr|jr|sr|no|vs|llc|pty|pvt|plc|gmbh|mbh|cie|ag|e\.v|s\.a|o\.o)\.$",
    re.IGNORECASE,
)
_COMPANY = re.compile(
    r"\b(?:inc|llc|ltd|limited|corp|corporation|gmbh|plc|llp|lp|pty|pvt|s\.?a\.?|s\.?r\.?l\.?|sp\. z o|ооо|ао|зао|оао|тов|"
    r"holdings?|group|"
    r"ventures|partners|communications|company|co)\b",
    re.IGNORECASE,
)  # fmt: skip
_HOLDING = re.compile(
    r"\b(?:holdings?|group|ventures|partners|konzern|холдинг|группа|gruppe|groupe|grupo|gruppo|grupa)\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_AFTER_FORM = re.compile(r"(?<=\s)(?:inc|llc|ltd|gmbh|corp|plc)\.?,.*$", re.IGNORECASE)
_EDGES = ' \t\u00a0-–—|•·,:;/"“”®™*'
_BREAK = re.compile(r"\s+[|•·»]\s*|\s*[|•·»]\s+|\s+[-–—]\s+|\s{3,}|\t")
_WINDOW = re.compile(r"\s+[-–—|•·»:]\s+")


def find_outlet(text: str, headline: str | None) -> str | None:
    """The publication's name, whole, where the page says it in one voice."""
    named = _window_name(text, headline) if headline else None
    holder = _copyright_holder(text)
    if named:
        return named
    if holder is None:
        return None
    if _COMPANY.search(holder):
        masthead = _masthead(text, holder)
        if masthead:
            return masthead
        if _HOLDING.search(holder):
            return None
    return holder


def _window_name(text: str, headline: str) -> str | None:
    """What stands behind the headline in a line that repeats it, as the titles of windows do: "Headline - The Courier"."""
    at = text.find(headline)
    names = set()
    for _ in range(6):
        if at < 0:
            break
        low = text.rfind("\n", 0, at) + 1
        end = at + len(headline)
        high = text.find("\n", end)
        rest = text[end : high if high >= 0 else len(text)]
        if not text[low:at].strip() and (cut := _WINDOW.match(rest)):
            name = _WINDOW.split(rest[cut.end() :])[-1].strip(_EDGES)
            # Said elsewhere as well: else it may be a part of the headline.
            if _is_name(name) and text.count(name) > 1:
                names.add(name)
        at = text.find(headline, end)
    return names.pop() if len(names) == 1 else None


def _copyright_holder(text: str) -> str | None:
    tail = max(len(text) - _TAIL_CHARS, 0)
    places = [place for mark in ("©", "opyright", "OPYRIGHT") if (place := text.find(mark, tail)) >= 0]
    bracket = text.find("(", tail)
    while bracket >= 0:  # many times as fast as a search for "(c)" and one for "(C)"
        if text[bracket + 1 : bracket + 3] in ("c)", "C)"):
            places.append(bracket)
            break
        bracket = text.find("(", bracket + 1)
    if not places:
        return None
    line = max(text.rfind("\n", 0, min(places)) + 1, 0)
    return _holder(text[line:])


@lru_cache(maxsize=1024)  # a site's pages end alike
def _holder(lines: str) -> str | None:
    names: dict[str, str] = {}
    for line in lines.split("\n"):
        if len(line) <= 300 and _MARK.search(line) and (name := name_in(line)):
            names.setdefault(name.casefold().strip("."), name)
    return next(iter(names.values())) if len(names) == 1 else None


def name_in(line: str) -> str | None:
    """The name that a copyright line holds, in any of its usual orders; null where it holds another thing."""
    mark = _MARK.search(line)
    if mark is None:
        return None
    before, after = line[: mark.start()].strip(_EDGES), line[mark.end() :]
    while (again := _MARK.match(after.lstrip(_EDGES))) is not None:
        after = after.lstrip(_EDGES)[again.end() :]
    dated = _YEARS.search(line) is not None
    for part in _parts(_RIGHTS.sub("|", after)):
        name = _cut(_YEARS.sub("|", part, count=1) if _YEARS.fullmatch(part.strip()) is None else "")
        if name:
            return name if dated or len(name) <= 40 else None
        if part.strip(_EDGES + ".") and not _YEARS.fullmatch(part.strip(_EDGES + ".")):
            return None
    # "The Courier © 2031"
    name = _cut(before)
    return name if name and dated else None


def _parts(text: str) -> list[str]:
    return [part for part in _BREAK.split(" " + text.replace("|", " | ") + " ") if part.strip(_EDGES + ".")]


def _cut(part: str) -> str | None:
    """A name out of what stands around it: to the first sentence's end, without the year."""
    for piece in part.split("|"):
        piece = piece.strip(_EDGES)
        if piece.lower().startswith("by "):
            piece = piece[3:]
        piece = piece.lstrip(". ")
        if not piece:
            continue
        end = 0
        while (end := piece.find(". ", end)) >= 0:
            if not _SHORT.search(piece[: end + 1]):
                piece = piece[:end]
                break
            end += 1
        if (form := _AFTER_FORM.search(piece)) is not None:
            piece = piece[: piece.index(",", form.start())]
        piece = " ".join(piece.strip(_EDGES).split())
        if piece.endswith(".") and not _SHORT.search(piece):
            piece = piece[:-1].strip(_EDGES)
        return piece if _is_name(piece) else None
    return None


def _is_name(name: str) -> bool:
    if (
        not 2 <= len(name) <= _LONGEST
        or _CREDIT.search(name)
        or _RIGHTS.search(name)
        or not any(char.isalpha() for char in name)
    ):
        return False
    first = next((char for char in name if char.isalnum()), "")
    return (first.isupper() or first.isdigit() or "." in name or not first.islower()) and len(name.split()) <= 8


def _masthead(text: str, holder: str) -> str | None:
    """The page's first line, where it shares a word with the company's name and comes again: the name without the form."""
    line = next((line for line in text[:400].split("\n") if line.strip()), "")
    name = line.strip(_EDGES)
    shared = {word.casefold() for word in _WORD.findall(name)} & {word.casefold() for word in _WORD.findall(holder)}
    return name if shared and len(name.split()) <= 5 and _is_name(name) and text.count(name) > 1 else None
