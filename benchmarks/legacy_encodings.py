"""How often a page in an old encoding is read right: pages written here, in every codec that real scrapes have for them.

    python benchmarks/legacy_encodings.py --write

Each page is a headline, a menu and sentences of one language in random order, all about an invented coast, written in every
codec of the language, in five lengths, with and without typographic quotes, with LF and CRLF. `right` counts pages whose
text comes back character for character. The detector was not tuned on these sentences.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from corpus_kit.ingest.decode import decode
from corpus_kit.ingest.json_values import RejectedValue

README = Path(__file__).resolve().with_name("README.md")
BEGIN, END = "<!-- encodings:begin -->", "<!-- encodings:end -->"
LENGTHS = (60, 200, 600, 2000, 8000)
UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "bom utf-16-be")
WEST, CENTRAL, CYRILLIC = ("cp1252", "iso8859-15"), ("cp1250", "iso8859-2"), ("cp1251", "iso8859-5", "mac-cyrillic")


@dataclass(frozen=True, slots=True)
class Language:
    """codecs: the old ones. quotes: an opening and a closing one. sentences: of which pages are made."""

    codecs: tuple[str, ...]
    quotes: str
    sentences: str
    joined: str = " "


LANGUAGES = {
    "en": Language(
        ("cp1252", "mac-roman"),
        "“”",
        "The ferry to Sennet Bay didn’t leave before noon. No one on the quay could say why the captain’s letter came late. "
        "The café by the harbour sold its last loaf at eight. A naïve plan, said the mayor – and an expensive one. "
        "Prices rose by £3 in a week. The council’s façade will be painted in spring.",
    ),
    "de": Language(
        (*WEST, "cp850", "mac-roman"),
        "„“",
        "Die Fähre nach Möwenhafen fährt erst nach Mittag. Niemand wusste, warum der Brief des Bürgermeisters so spät kam. "
        "Über die Brücke dürfen künftig nur noch Fußgänger gehen. Die größten Bäume am Ufer müssen gefällt werden. "
        "Für das Frühjahr plant die Gemeinde ein Fest. Die Schüler hörten den Lärm bis in die höchste Straße.",
    ),
    "fr": Language(
        (*WEST, "mac-roman"),
        "«»",
        "Le bac de la baie n'a pas quitté le port avant midi. Personne ne savait pourquoi la lettre était arrivée si tard. "
        "Les élèves de l'école ont été évacués à cause de la fumée. Le conseil a voté un budget très réduit cette année. "
        "Où sont passés les pêcheurs du quartier? La forêt brûlée sera replantée dès le printemps prochain.",
    ),
    "es": Language(
        WEST,
        "«»",
        "El transbordador de la bahía no salió hasta el mediodía. ¿Por qué llegó tan tarde la carta del capitán? "
        "Los niños de la escuela pasarán la mañana en el museo. El año próximo habrá más árboles junto al río. "
        "La pequeña compañía pidió un préstamo para reparar el camión. Según el alcalde, la votación será pública.",
    ),
    "pl": Language(
        (*CENTRAL, "cp852"),
        "„”",
        "Prom do zatoki nie odpłynął przed południem. Nikt nie wiedział, dlaczego list burmistrza przyszedł tak późno. "
        "Mieszkańcy żądają, żeby most otwarto jeszcze w tym miesiącu. Uczniowie pójdą jutro do muzeum łodzi rybackich. "
        "Część rybaków wróciła już z połowu. Źródło wody pitnej zostało zbadane przez inżynierów.",
    ),
    "cs": Language(
        (*CENTRAL, "cp852"),
        "„“",
        "Přívoz do zátoky odplul až po poledni. Nikdo nevěděl, proč starostův dopis přišel tak pozdě. "
        "Žáci místní školy půjdou zítra do muzea lodí. Nejvyšší stromy u řeky budou příští měsíc pokáceny. "
        "Rybáři žádají, aby byl most otevřen ještě letos. Příčinu požáru zjišťují úřady.",
    ),
    "hu": Language(
        CENTRAL,
        "„”",
        "A komp csak dél után indult el az öbölbe. Senki sem tudta, miért érkezett olyan későn a polgármester levele. "
        "A halászok azt kérik, hogy még idén nyissák meg a hidat. Az iskola tanulói holnap a hajómúzeumba mennek. "
        "A folyó menti fákat jövőre kivágják. Az őszi ünnepségre több ezer vendéget várnak.",
    ),
    "ru": Language(
        (*CYRILLIC, "koi8-r", "cp866"),
        "«»",
        "Паром в бухту ушёл только после полудня. Никто не знал, почему письмо мэра пришло так поздно. "
        "Рыбаки просят открыть мост ещё в этом году. Ученики школы завтра пойдут в музей рыбацких лодок. "
        "Самые высокие деревья у реки будут срублены. Цены на рынке выросли, сообщает газета залива.",
    ),
    "uk": Language(
        (*CYRILLIC, "koi8-u"),
        "«»",
        "Пором до затоки вийшов лише після полудня. Ніхто не знав, чому лист мера надійшов так пізно. "
        "Рибалки просять відкрити міст ще цього року. Учні школи завтра підуть до музею човнів. "
        "Найвищі дерева біля річки буде зрубано. Її мешканці кажуть, що є ще інший шлях.",
    ),
    "el": Language(
        ("cp1253", "iso8859-7"),
        "«»",
        "Το πλοίο για τον κόλπο έφυγε μετά το μεσημέρι. Κανείς δεν ήξερε γιατί το γράμμα του δημάρχου άργησε τόσο. "
        "Οι ψαράδες ζητούν να ανοίξει η γέφυρα φέτος. Οι μαθητές του σχολείου θα πάνε αύριο στο μουσείο. "
        "Τα ψηλότερα δέντρα δίπλα στο ποτάμι θα κοπούν. Οι τιμές στην αγορά ανέβηκαν πάλι.",
    ),
    "tr": Language(
        ("cp1254", "iso8859-9"),
        "“”",
        "Koya giden vapur öğleden sonra kalktı. Başkanın mektubunun neden bu kadar geç geldiğini kimse bilmiyordu. "
        "Balıkçılar köprünün bu yıl açılmasını istiyor. Okulun öğrencileri yarın gemi müzesine gidecek. "
        "Irmağın kıyısındaki en yüksek ağaçlar kesilecek. Çarşıda fiyatlar yine yükseldi, diye yazdı gazete.",
    ),
    "he": Language(
        ("cp1255",),
        "“”",
        "המעבורת למפרץ יצאה רק אחרי הצהריים. איש לא ידע מדוע הגיע מכתבו של ראש העיר כה מאוחר. "
        "הדייגים מבקשים לפתוח את הגשר עוד השנה. תלמידי בית הספר ילכו מחר למוזיאון הסירות. "
        "העצים הגבוהים ליד הנהר ייכרתו. המחירים בשוק עלו שוב השבוע.",
    ),
    "ar": Language(
        ("cp1256",),
        "«»",
        "غادرت العبارة إلى الخليج بعد الظهر فقط. لم يعرف أحد لماذا تأخرت رسالة رئيس البلدية إلى هذا الحد. "
        "يطلب الصيادون فتح الجسر هذا العام. سيذهب تلاميذ المدرسة غدا إلى متحف القوارب. "
        "ستقطع أعلى الأشجار قرب النهر. ارتفعت الأسعار في السوق مرة أخرى.",
    ),
    "th": Language(
        ("tis-620",),
        "()",
        "เรือข้ามฟากออกจากอ่าวหลังเที่ยงวัน ไม่มีใครรู้ว่าทำไมจดหมายของนายกเทศมนตรีจึงมาช้า "
        "ชาวประมงขอให้เปิดสะพานภายในปีนี้ นักเรียนจะไปพิพิธภัณฑ์เรือในวันพรุ่งนี้ "
        "ต้นไม้สูงริมแม่น้ำจะถูกตัด ราคาในตลาดสูงขึ้นอีกครั้ง.",
    ),
    "ja": Language(
        ("shift_jis", "euc_jp", "iso2022_jp"),
        "「」",
        "湾へ向かう渡し船は正午を過ぎてから出港した。町長の手紙がなぜ遅れたのか、だれも知らなかった。"
        "漁師たちは今年中に橋を開けるよう求めている。学校の生徒はあした船の博物館へ行く。"
        "川沿いの高い木は切られることになった。市場の値段はまた上がったと新聞は伝えている。",
        "",
    ),
    "zh": Language(
        ("gb18030", "gb2312"),
        "《》",
        "开往海湾的渡船直到中午以后才离开码头。没有人知道市长的信为什么来得这么晚。"
        "渔民要求今年之内开放大桥。学校的学生明天要去参观渔船博物馆。"
        "河边最高的树将被砍掉。报纸说，市场上的价格又上涨了。",
        "",
    ),
    "zh-tw": Language(
        ("big5",),
        "「」",
        "開往海灣的渡船直到中午以後才離開碼頭。沒有人知道市長的信為什麼來得這麼晚。"
        "漁民要求今年之內開放大橋。學校的學生明天要去參觀漁船博物館。"
        "河邊最高的樹將被砍掉。報紙說，市場上的價格又上漲了。",
        "",
    ),
    "ko": Language(
        ("euc_kr",),
        "“”",
        "만으로 가는 나룻배는 정오가 지나서야 떠났다. 시장의 편지가 왜 그렇게 늦었는지 아무도 몰랐다. "
        "어부들은 올해 안에 다리를 열어 달라고 요구한다. 학교 학생들은 내일 배 박물관에 간다. "
        "강가의 높은 나무들은 베어질 것이다. 시장의 물가가 다시 올랐다고 신문은 전했다.",
    ),
}


def pages(language: Language, length: int, count: int, chosen: random.Random) -> list[str]:
    """Pages of about `length` bytes in an old codec."""
    made = []
    marks = "。" if not language.joined else ". "
    sentences = [s.strip() + marks.strip() for s in language.sentences.rstrip(".。").split(marks)]
    if language.codecs == ("tis-620",):
        sentences = language.sentences.rstrip(".").split(" ")
    for number in range(count):
        lines = [chosen.choice(sentences).rstrip(".。"), "", "RSS | FAQ | 24/7"]
        while len("\n".join(lines)) * (2 if not language.joined else 1) < length:
            drawn = [chosen.choice(sentences) for _ in range(chosen.randint(1, 5))]
            if number % 2:
                drawn[0] = language.quotes[0] + drawn[0] + language.quotes[1]
            lines += ["", language.joined.join(drawn)]
        made.append("\n".join(lines) + "\n")
    return made


def written(text: str, codec: str) -> bytes | None:
    """The page in a codec; None where the codec lacks a character even after quotes were made plain."""
    if codec == "bom utf-16-be":
        return b"\xfe\xff" + text.encode("utf-16-be")
    for old, new in (("", ""), ("“”„’–«»", '"""\'-""')):
        try:
            return text.translate(str.maketrans(old, new)).encode(codec)
        except UnicodeEncodeError:
            continue
    return None


def expected(raw: bytes, codec: str) -> str:
    text = raw.decode("utf-16" if codec == "bom utf-16-be" else codec)
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def measure(count: int) -> tuple[dict[tuple[str, int], Counter[str]], Counter[str]]:
    """(kind of codec, length) → right, wrong, refused; and what went wrong, by language and codec."""
    chosen = random.Random(7)
    found: dict[tuple[str, int], Counter[str]] = {}
    faults: Counter[str] = Counter()
    for name, language in LANGUAGES.items():
        for length in LENGTHS:
            for number, text in enumerate(pages(language, length, count, chosen)):
                page = text.replace("\n", "\r\n") if number % 3 == 0 else text
                for codec in (*language.codecs, *UNICODE):
                    raw = written(page, codec)
                    if raw is None:
                        continue
                    kind = "Unicode" if codec in UNICODE else "old"
                    try:
                        outcome = "right" if decode(raw).text == expected(raw, codec) else "wrong"
                    except RejectedValue:
                        outcome = "refused"
                    found.setdefault((kind, length), Counter())[outcome] += 1
                    if outcome != "right":
                        faults[f"{name} in {codec}: {outcome}"] += 1
    return found, faults


def table(found: dict[tuple[str, int], Counter[str]], faults: Counter[str]) -> str:
    """The result as Markdown."""
    lines = ["| codecs | bytes of a page | pages | right of the accepted | refused |", "|---|---|---|---|---|"]
    total: Counter[str] = Counter()
    for (kind, length), outcomes in sorted(found.items()):
        lines.append(_row(kind, f"about {length:,}", outcomes))
        total += outcomes
    lines += [_row("**all**", "", total), ""]
    lines += [
        "Most often not right: " + (", ".join(f"{what} ({n})" for what, n in faults.most_common(6)) or "none") + "."
    ]
    return "\n".join(lines) + "\n"


def _row(kind: str, length: str, outcomes: Counter[str]) -> str:
    accepted = outcomes["right"] + outcomes["wrong"]
    share = outcomes["refused"] / outcomes.total()
    return f"| {kind} | {length} | {outcomes.total():,} | {outcomes['right'] / max(accepted, 1):.2%} | {share:.2%} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how often encodings are read right.")
    parser.add_argument("--pages", type=int, default=12, help="per language and length")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    given = parser.parse_args()
    made = table(*measure(given.pages))
    print(made)
    if given.write:
        text = README.read_text(encoding="utf-8")
        before, begun, rest = text.partition(BEGIN)
        _, found, after = rest.partition(END)
        if not begun or not found:
            sys.exit(f"{README} has no markers {BEGIN} and {END}")
        command = "Made by `python benchmarks/legacy_encodings.py --write`."
        README.write_text(f"{before}{BEGIN}\n{command}\n\n{made}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
