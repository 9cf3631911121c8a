"""A made-up news corpus of any size: the same seed and count give the same bytes. Every place, paper and event is invented.

    python benchmarks/corpus.py 20000 /tmp/pages

Pages have the shape of scrapes: a language menu, a menu, a headline, a byline, a date, paragraphs, a photo caption, a "read
also" list and a footer, about 6 kB on average, in five languages. They lie 500 to a folder. Words are drawn one by
one, so that the texts compress about as well as real ones do.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass
from pathlib import Path

PER_FOLDER = 500
_LEAST, _MOST, _USUAL = 2500, 12000, 3500  # bytes of a page, drawn from a triangle


@dataclass(frozen=True, slots=True)
class Stock:
    """What pages of one language are made of. common: the small words. stems × endings: all others."""

    common: list[str]
    words: list[str]
    outlet: str
    menu: str
    byline: str
    date: str
    months: list[str]
    caption: str
    read_also: str
    comments: str
    footer: str


def _stock(common: str, stems: str, endings: str, months: str, **fixed: str) -> Stock:
    words = [stem + ending for stem in stems.split() for ending in ["", *endings.split()]]
    return Stock(common.split(), words, months=months.split(), **fixed)


_PLACES = (
    "Halvern Draskia Mirrow Ondel Tarsk Velmar Korrin Askalt Brenmoor Lissa Edrin Sundavar Ostrey Kelmet Varn".split()
)

STOCKS = {
    "en": _stock(
        "the of and to in a that for on with was is by at from it as after before which have been will not their would "
        "more than about over when who its were this between under during against said",
        "govern minister harbour ferry pipeline teacher school budget strike winter council report region river market "
        "station border festival bridge engineer worker village storm election vote union contract price energy water "
        "hospital museum road tunnel island fish farm factory court judge law letter plan debate repair delay ticket "
        "captain team season match visit treaty neighbour citizen student library science weather forecast coast signal",
        "s ing ed er ment ly al",
        "January February March April May June July August September October November December",
        outlet="The Mirrow Courier",
        menu="Home | News | Politics | Economy | Culture | Sport | Weather | Archive",
        byline="By our correspondent in {place}",
        date="Published {day} {month} {year}, 10:45",
        caption="Photo: harbour office of {place}",
        read_also="Read also",
        comments="Comments ({n})",
        footer="© {year} The Mirrow Courier. All rights reserved. Subscribe to our letter and read it first.",
    ),
    "ru": _stock(
        "в и на с по что не из за от к о для это как после до который были было будет их его она они также уже только "
        "между под при об где когда более чем сообщил заявил",
        "правительств министр порт паром газопровод учител школ бюджет забастовк зим совет доклад регион рек рынк "
        "станци границ фестивал мост инженер рабоч деревн шторм выбор голос профсоюз договор цен энерги вод больниц "
        "музе дорог туннел остров рыб ферм завод суд судь закон письм план спор ремонт задержк билет капитан команд "
        "сезон матч визит сосед граждан студент библиотек наук погод прогноз берег сигнал",
        "а у ом е ы ов ам ами ах ный ного",
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        outlet="Вестник Драскии",
        menu="Главная | Новости | Политика | Экономика | Культура | Спорт | Погода | Архив",
        byline="Наш корреспондент, {place}",
        date="{day} {month} {year}, 10:45",
        caption="Фото: портовая служба, {place}",
        read_also="Читайте также",
        comments="Комментарии ({n})",
        footer="© {year} Вестник Драскии. Все права защищены. При перепечатке ссылка обязательна.",
    ),
    "uk": _stock(
        "у і на з по що не із за від до про для це як після який були було буде їх його вона вони також вже тільки між "
        "під при де коли більше ніж повідомив заявив щоб та або",
        "уряд міністр порт пором газопровід учител школ бюджет страйк зим рад доповід регіон річк ринк станці кордон "
        "фестивал міст інженер робітник сел шторм вибор голос профспілк договір цін енергі вод лікарн музе доріг "
        "тунел острів риб ферм завод суд судд закон лист план суперечк ремонт затримк квиток капітан команд сезон матч "
        "візит сусід громадян студент бібліотек наук погод прогноз берег сигнал",
        "а у ом і и ів ам ами ах ний ного",
        "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
        outlet="Ондельський вісник",
        menu="Головна | Новини | Політика | Економіка | Культура | Спорт | Погода | Архів",
        byline="Наш кореспондент, {place}",
        date="{day} {month} {year}, 10:45",
        caption="Фото: портова служба, {place}",
        read_also="Читайте також",
        comments="Коментарі ({n})",
        footer="© {year} Ондельський вісник. Усі права захищено. Передрук лише з посиланням.",
    ),
    "pl": _stock(
        "w i na z do że nie się za od o dla to jak po który były było będzie ich jego ona oni także już tylko między "
        "pod przy gdzie kiedy więcej niż powiedział oświadczył oraz przed przez",
        "rząd minister port prom gazociąg nauczyciel szkoł budżet strajk zim rad raport region rzek rynk stacj granic "
        "festiwal most inżynier robotnik wiosk sztorm wybor głos związk umow cen energi wod szpital muze drog tunel "
        "wysp ryb ferm fabryk sąd sędzi ustaw list plan spór remont opóźnieni bilet kapitan drużyn sezon mecz wizyt "
        "sąsiad obywatel student bibliotek nauk pogod prognoz brzeg sygnał",
        "a u em y ów om ami ach owy owego",
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
        outlet="Kurier Velmarski",
        menu="Strona główna | Wiadomości | Polityka | Gospodarka | Kultura | Sport | Pogoda | Archiwum",
        byline="Nasz korespondent, {place}",
        date="{day} {month} {year}, 10:45",
        caption="Fot. kapitanat portu {place}",
        read_also="Czytaj także",
        comments="Komentarze ({n})",
        footer="© {year} Kurier Velmarski. Wszelkie prawa zastrzeżone.",
    ),
    "es": _stock(
        "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me sin sobre "
        "este entre cuando todo ser son dos también fue había era muy hasta desde está",
        "gobiern ministr puert transbordador gasoduct maestr escuel presupuest huelg inviern consej inform región "
        "ministeri mercad estación fronter festival puent ingenier trabaj puebl torment elección vot sindicat contrat "
        "preci energ agu hospital muse camin túnel isl pesc granj fábric tribunal juez ley cart plan debat reparación "
        "retras billet capitán equip temporad partid visit tratad vecin ciudadan estudiant bibliotec cienci tiemp cost",
        "o a os as ero era mente ado ada",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        outlet="El Faro de Korrin",
        menu="Portada | Noticias | Política | Economía | Cultura | Deportes | El tiempo | Archivo",
        byline="Redacción, {place}",
        date="{day} de {month} de {year}, 10:45",
        caption="Foto: capitanía de {place}",
        read_also="Lea también",
        comments="Comentarios ({n})",
        footer="© {year} El Faro de Korrin. Todos los derechos reservados.",
    ),
}


def page(rng: random.Random, stock: Stock) -> str:
    """One page. Its headline's words come back in its paragraphs, as a real one's do."""
    topic = rng.choices(stock.words, k=8)
    vocabulary = [*stock.common, *stock.common, *stock.words, *topic * 6, *_PLACES]
    place, year = rng.choice(_PLACES), rng.randint(2029, 2034)
    fills = {"place": place, "year": year, "day": rng.randint(1, 28), "n": rng.randint(0, 400)}
    fills["month"] = rng.choice(stock.months)
    headline = " ".join([topic[0].capitalize(), *topic[1:6], rng.choice(stock.common), place])
    lines = ["English  Русский  Українська  Polski  Español", stock.outlet, stock.menu, ""]
    lines += [headline, stock.byline.format(**fills), stock.date.format(**fills), ""]
    # One long draw of words, cut into sentences and paragraphs.
    size, wanted = 0, int(rng.triangular(_LEAST, _MOST, _USUAL))
    words = rng.choices(vocabulary, k=wanted // 6)
    lengths = rng.choices(range(7, 24), k=len(words) // 7 + 1)
    paragraph: list[str] = []
    at = 0
    for number, length in enumerate(lengths):
        sentence = " ".join(words[at : at + length])
        if not sentence:
            break
        at += length
        extra = f" {rng.randint(2, 90000)}" if number % 3 == 0 else ""
        paragraph.append(f"{sentence[0].upper()}{sentence[1:]}{extra}.")
        size += len(sentence.encode())
        if len(paragraph) == 2 + len(lines) % 3:
            lines.append(" ".join(paragraph))
            paragraph = []
        if number == 5:
            lines.append(stock.caption.format(**fills))
        if size > wanted - 900:
            break
    lines += [" ".join(paragraph)] if paragraph else []
    lines += ["", stock.read_also]
    lines += [f"• {' '.join(rng.choices(stock.words, k=7)).capitalize()}" for _ in range(3)]
    lines += ["", stock.comments.format(**fills), stock.footer.format(**fills), ""]
    return "\n".join(lines)


def write_pages(count: int, folder: Path, seed: int = 0, first: int = 0) -> int:
    """Write pages `first` to `first + count - 1` below `folder`; returns their bytes. Page i depends on seed and i only."""
    languages = list(STOCKS.values())
    total = 0
    for number in range(first, first + count):
        rng = random.Random(seed << 32 | number)
        below = folder / f"{number // PER_FOLDER:04d}"
        if number % PER_FOLDER == 0 or number == first:
            below.mkdir(parents=True, exist_ok=True)
        raw = page(rng, languages[number % len(languages)]).encode()
        with open(f"{below}/{number:07d}.txt", "wb", buffering=0) as file:
            file.write(raw)
        total += len(raw)
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a made-up news corpus.")
    parser.add_argument("count", type=int, help="number of pages")
    parser.add_argument("folder", type=Path, help="where to write them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first page")
    given = parser.parse_args()
    total = write_pages(given.count, given.folder, given.seed, given.first)
    print(f"{given.count} pages, {total / 1e6:.1f} MB, {total / max(given.count, 1):.0f} bytes each")


if __name__ == "__main__":
    main()
