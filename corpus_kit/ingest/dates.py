"""Dates as news pages write them, in twenty languages, with the offsets they were read from.

A date is read only where it is unambiguous: day and month in words or ISO order, or digits with dots (day first
everywhere in Europe). `03/04/2031` may be March or April and is left alone unless one number exceeds 12.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

# Month names as they stand in dates (genitive where a language has one), and common abbreviations.
_MONTHS = {
    1: "january jan januar januari janvier enero ene gennaio janeiro stycznia января янв січня ledna",
    2: "february feb februar februari février fevrier febrero febbraio fevereiro lutego февраля фев лютого února",
    3: "march mar märz maart mars marzo março marca марта мар березня března",
    4: "april apr avril abril abr aprile kwietnia апреля апр квітня dubna",
    5: "may mai mei mayo maggio maio maja мая травня května",
    6: "june jun juni juin junio giugno junho czerwca июня июн червня června",
    7: "july jul juli juillet julio luglio julho lipca июля июл липня července",
    8: "august aug augustus août aout agosto ago sierpnia августа авг серпня srpna",
    9: "september sep sept septembre septiembre settembre setembro września сентября сен вересня září",
    10: "october oct oktober okt octobre octubre ottobre outubro października октября окт жовтня října",
    11: "november nov novembre noviembre novembro listopada ноября ноя",
    12: "december dec dezember dez décembre decembre diciembre dic dicembre dezembro grudnia декабря дек грудня prosince",
}
_MORE_MONTHS = {  # Greek, Arabic, Turkish, Romanian, Slovak
    1: "ιανουαρίου ιαν يناير ocak ianuarie leden januára",
    2: "φεβρουαρίου φεβ فبراير şubat februarie únor februára",
    3: "μαρτίου μαρ مارس mart martie",
    4: "απριλίου απρ أبريل ابريل nisan aprilie apríla",
    5: "μαΐου μαϊ مايو mayıs mája",
    6: "ιουνίου ιουν يونيو haziran iunie júna",
    7: "ιουλίου ιουλ يوليو temmuz iulie júla",
    8: "αυγούστου αυγ أغسطس اغسطس ağustos augusta",
    9: "σεπτεμβρίου σεπ سبتمبر eylül septembrie septembra",
    10: "οκτωβρίου οκτ أكتوبر اكتوبر ekim octombrie októbra",
    11: "νοεμβρίου νοε نوفمبر kasım noiembrie novembra",
    12: "δεκεμβρίου δεκ ديسمبر aralık decembrie decembra",
}
_MONTH = {
    name: number for months in (_MONTHS, _MORE_MONTHS) for number, names in months.items() for name in names.split()
}
# «листопада» is November in Ukrainian, «listopadu» in Czech; Polish and Ukrainian agree on the stem.
_MONTH |= {"листопада": 11, "listopadu": 11}
# Any word of a month's length: looking it up afterwards is much quicker than an alternation of 150 names.
_WORD = rf"[^\W\d_]{{3,{max(map(len, _MONTH))}}}+"
_YEAR = r"(?:19|20)\d\d"

_A_YEAR = re.compile(_YEAR)
_DATE = re.compile(
    rf"""(?<!\d)(?P<y6>{_YEAR})\s?[年년]\s?(?P<m6>\d{{1,2}})\s?[月월]\s?(?P<d6>\d{{1,2}})\s?[日일] # 2031年10月18日
    | (?<![\w.,:/-])(?:
        (?P<y1>{_YEAR})(?P<s1>[-/.])(?P<m1>\d\d)(?P=s1)(?P<d1>\d\d)(?=$|[\sT,;)|])       # 2031-10-18, 2031/10/18
      | (?P<d2>\d{{1,2}})(?:st|nd|rd|th|\.|º)?\s+(?:de\s+|of\s+)?(?P<m2>{_WORD})\.?,?\s+(?:de\s+|del\s+)?(?P<y2>{_YEAR})
      | (?P<m3>{_WORD})\.?\s+(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y3>{_YEAR})      # October 18, 2031
      | (?P<d4>\d{{1,2}})\.(?P<m4>\d{{1,2}})\.(?P<y4>{_YEAR})                           # 18.10.2031
      | (?P<a5>\d{{1,2}})/(?P<b5>\d{{1,2}})/(?P<y5>{_YEAR})                             # 18/10/2031, 10/18/2031
    )(?:(?=T\d\d:)|(?![\w/-])|(?<=\d)(?=(?-i:[A-ZÀ-ÞА-ЯЁІЇЄ])(?-i:[a-zß-ÿа-яёіїє])))  # … T14:05, … 2031January 4, 2032""",
    re.IGNORECASE | re.VERBOSE,
)


class FoundDate(NamedTuple):
    """value: the date. start, end: code point offsets of the words it was read from."""

    value: date
    start: int
    end: int


def find_dates(text: str, start: int = 0, end: int | None = None) -> list[FoundDate]:
    """All unambiguous dates in `text[start:end]`, in order."""
    end = len(text) if end is None else end
    found: list[FoundDate] = []
    # Every form has a four-digit year; looking for that first keeps the long pattern off most of the text.
    if _A_YEAR.search(text, start, end) is None:
        return found
    for match in _DATE.finditer(text, start, end):
        value = _value(match)
        if value:
            found.append(FoundDate(value, match.start(), match.end()))
    return found


def _value(match: re.Match[str]) -> date | None:
    form = match.lastgroup
    if form == "d1":
        year, month, day = int(match["y1"]), int(match["m1"]), int(match["d1"])
    elif form == "d6":
        year, month, day = int(match["y6"]), int(match["m6"]), int(match["d6"])
    elif form == "y2":
        year, month, day = int(match["y2"]), _MONTH.get(match["m2"].lower(), 0), int(match["d2"])
    elif form == "y3":
        year, month, day = int(match["y3"]), _MONTH.get(match["m3"].lower(), 0), int(match["d3"])
    elif form == "y4":
        year, month, day = int(match["y4"]), int(match["m4"]), int(match["d4"])
    else:
        a, b = int(match["a5"]), int(match["b5"])
        if a <= 12 and b <= 12 and a != b:
            return None
        year, month, day = int(match["y5"]), *((b, a) if a > 12 else (a, b))
    try:
        return date(year, month, day)
    except ValueError:
        return None
