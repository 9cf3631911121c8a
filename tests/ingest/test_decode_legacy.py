"""Texts of many languages in the encodings that old sites used: each comes back exactly as it was written."""

from __future__ import annotations

import pytest

from corpus_kit.ingest.decode import decode
from corpus_kit.ingest.json_values import RejectedValue

# Fictional, all of it: the town of Drask, its bridge and its mayor exist nowhere.
TEXTS = {
    "en": "DRASK, Monday. The mayor’s office said the old bridge “will not open before spring”. Engineers had warned"
    " of the river’s pull for years; no one listened. “We asked twice,” said Orla Venn, who runs the ferry."
    " The crossing costs less than a loaf of bread — for now. Read also: How the town lost its harbour, and"
    " what the council wants next.",
    "de": "Drask, Montag. Die Brücke über den Halvern bleibt bis zum Frühjahr gesperrt, teilte die Stadt mit."
    " Fährschiffe übernehmen den Verkehr, größere Lastwagen müssen einen Umweg von vierzig Kilometern fahren."
    " Händler fürchten um ihre Geschäfte: „Schön wäre ein früher Termin“, heißt es dort. Der Bürgermeister"
    " räumte Versäumnisse ein.",
    "fr": "Drask, lundi. Le pont sur la Halvern restera fermé jusqu’au printemps, a annoncé la mairie. Les"
    " ingénieurs avaient prévenu dès l’été dernier, mais les travaux ont été repoussés à plusieurs reprises. «"
    " Nous étions inquiets », confie une passagère du bac, où la traversée coûte désormais très cher. Le maire"
    " reconnaît des erreurs.",
    "es": "Drask, lunes. El puente sobre el río Halvern seguirá cerrado hasta la primavera, según anunció el"
    " ayuntamiento. Los ingenieros habían avisado hace años de los daños, pero nadie les escuchó. ¿Qué pasará"
    " con los niños de la otra orilla? La alcaldesa pidió paciencia y prometió más barcas. La travesía costará"
    " lo mismo que un pan.",
    "pl": "Drask, poniedziałek. Most na rzece Halvern pozostanie zamknięty do wiosny, ogłosił urząd miasta."
    " Inżynierowie ostrzegali przed tym już w zeszłym roku, lecz nikt ich nie słuchał. Mieszkańcy przeprawiają"
    " się łodziami, a ciężarówki jeżdżą okrężną drogą. Burmistrz przyznał, że popełniono błędy, i obiecał"
    " częstsze kursy promu.",
    "cs": "Drask, pondělí. Most přes řeku Halvern zůstane zavřený až do jara, oznámila radnice. Inženýři před"
    " poškozením varovali už loni, ale nikdo je neposlouchal. Lidé jezdí přívozem a náklaďáky musejí objížďkou"
    " přes sousední město. Starosta připustil chyby a slíbil, že přívoz bude jezdit častěji, i v noci a za"
    " špatného počasí.",
    "hu": "Drask, hétfő. A Halvern folyó fölötti híd tavaszig zárva marad, közölte a városháza. A mérnökök már"
    " tavaly figyelmeztettek a károkra, de senki sem hallgatott rájuk. Az emberek komppal kelnek át, a"
    " teherautók pedig hosszú kerülőúton járnak. A polgármester elismerte a hibákat, és sűrűbb kompjáratokat"
    " ígért a következő hétre.",
    "tr": "Drask, pazartesi. Halvern nehri üzerindeki köprü ilkbahara kadar kapalı kalacak, dedi belediye."
    " Mühendisler geçen yıl uyarmıştı, ancak kimse dinlemedi. Şimdi yolcular karşıya vapurla geçiyor,"
    " kamyonlar ise uzun bir yoldan dolaşıyor. Belediye başkanı hataları kabul etti ve daha sık sefer"
    " düzenleneceğine söz verdi. Ücret değişmeyecek.",
    "lt": "Draskas, pirmadienis. Tiltas per Halverno upę liks uždarytas iki pavasario, pranešė savivaldybė."
    " Inžinieriai apie pažeidimus įspėjo dar pernai, tačiau niekas jų neklausė. Žmonės keliasi keltu, o"
    " sunkvežimiai važiuoja aplinkiniu keliu. Meras pripažino klaidas ir pažadėjo, kad keltas plauks dažniau,"
    " net ir naktį.",
    "ru": "Драск, понедельник. Мост через реку Хальверн останется закрытым до весны, сообщили в городской управе."
    " Инженеры предупреждали о повреждениях ещё в прошлом году, но их никто не слушал. Люди переправляются на"
    " пароме, а грузовики едут в объезд. Мэр признал ошибки и пообещал, что паром будет ходить чаще.",
    "uk": "Драск, понеділок. Міст через річку Гальверн залишиться закритим до весни, повідомили в міській управі."
    " Інженери попереджали про пошкодження ще торік, але їх ніхто не слухав. Люди переправляються поромом, а"
    " вантажівки їдуть в об'їзд. Міський голова визнав помилки й пообіцяв, що пором ходитиме частіше.",
    "bg": "Драск, понеделник. Мостът над река Халверн ще остане затворен до пролетта, съобщиха от общината."
    " Инженерите предупреждаваха за щетите още миналата година, но никой не ги чу. Хората пътуват с ферибот, а"
    " камионите обикалят през съседния град. Кметът призна грешките и обеща по-чести курсове. Цената на билета"
    " засега остава същата, казаха оттам.",
    "el": "Ντρασκ, Δευτέρα. Η γέφυρα πάνω από τον ποταμό Χάλβερν θα μείνει κλειστή ως την άνοιξη, ανακοίνωσε ο"
    " δήμος. Οι μηχανικοί είχαν προειδοποιήσει για τις ζημιές από πέρυσι, αλλά κανείς δεν τους άκουσε. Ο"
    " κόσμος περνά με το πλοίο και τα φορτηγά κάνουν μεγάλο κύκλο. Ο δήμαρχος παραδέχτηκε τα λάθη. Το"
    " εισιτήριο δεν αλλάζει προς το παρόν.",
    "he": "דראסק, יום שני. הגשר מעל נהר הלוורן יישאר סגור עד האביב, הודיעה העירייה. המהנדסים הזהירו מפני הנזק כבר"
    " בשנה שעברה, אבל איש לא הקשיב להם. התושבים עוברים במעבורת, והמשאיות נוסעות בדרך ארוכה יותר. ראש העיר הודה"
    " בטעויות והבטיח שהמעבורת תפליג לעתים קרובות יותר. המחיר לא ישתנה בינתיים, נמסר מהעירייה. הישיבה הבאה ביום"
    " חמישי.",
    "ar": "دراسك، الاثنين. سيبقى الجسر فوق نهر هالفرن مغلقا حتى الربيع، كما أعلنت البلدية. وكان المهندسون قد حذروا"
    " من الأضرار في العام الماضي، لكن أحدا لم يستمع إليهم. ويعبر الناس النهر بالقارب، أما الشاحنات فتسلك طريقا"
    " أطول. واعترف رئيس البلدية بالأخطاء ووعد بزيادة عدد الرحلات. وستبقى الأسعار كما هي في الوقت الحالي، بحسب"
    " البلدية.",
    "th": "เมืองดราสก์ วันจันทร์ สะพานข้ามแม่น้ำฮัลเวิร์นจะปิดจนถึงฤดูใบไม้ผลิ เทศบาลแจ้งเมื่อเช้านี้ วิศวกรเตือนเรื่องความเสี"
    "ยหายตั้งแต่ปีที่แล้ว แต่ไม่มีใครฟัง ชาวบ้านต้องข้ามฟากด้วยเรือ ส่วนรถบรรทุกต้องใช้เส้นทางอ้อม นายกเทศมนตรียอมรับความผิดพล"
    "าดและสัญญาว่าจะเพิ่มเที่ยวเรือ ค่าโดยสารจะยังไม่เปลี่ยนแปลงในเดือนนี้",
    "ja": "【ドラスク月曜】ハルベルン川に架かる橋は春まで閉鎖されると、市役所が発表した。技術者は昨年から損傷を警告"
    "していたが、誰も耳を貸さなかった。住民は渡し船で川を渡り、トラックは遠回りを強いられている。市長は誤りを"
    "認め、船の便を増やすと約束した。料金は当面変わらないという。商店街では客足が減り、不安の声が上がっている"
    "。次の会議は来週の木曜日に開かれる予定だ。",
    "zh-cn": "德拉斯克星期一消息：市政府宣布，横跨哈尔文河的大桥将关闭到春天。工程师去年就警告过桥梁受损，但没有人听。"
    "居民现在乘渡船过河，卡车只能绕远路。市长承认了错误，并保证增加渡船的班次。票价暂时不会改变。商店老板担心"
    "顾客会越来越少，他们要求市里给予补贴。下一次会议将于下星期四举行，届时工程师会介绍修理方案。",
    "zh-tw": "德拉斯克星期一消息：市政府宣布，橫跨哈爾文河的大橋將關閉到春天。工程師去年就警告過橋樑受損，但沒有人聽。"
    "居民現在乘渡船過河，卡車只能繞遠路。市長承認了錯誤，並保證增加渡船的班次。票價暫時不會改變。商店老闆擔心"
    "顧客會越來越少，他們要求市裡給予補貼。下一次會議將於下星期四舉行，屆時工程師會介紹修理方案。",
    "ko": "드라스크 월요일 소식. 할베른 강을 가로지르는 다리가 봄까지 폐쇄된다고 시청이 발표했다. 기술자들은"
    " 지난해부터 손상을 경고했지만 아무도 듣지 않았다. 주민들은 나룻배로 강을 건너고 트럭은 먼 길을 돌아가야"
    " 한다. 시장은 잘못을 인정하고 배편을 늘리겠다고 약속했다. 요금은 당분간 바뀌지 않는다. 상인들은 손님이"
    " 줄어들까 걱정하고 있다.",
}
PAIRS = [
    *(("en", c) for c in ("cp1252", "mac-roman", "gb18030", "cp1250")),
    *(("de", c) for c in ("cp1252", "mac-roman")),
    *(("fr", c) for c in ("cp1252", "mac-roman")),
    *(("es", c) for c in ("cp1252", "iso8859-1", "cp850")),
    *(("pl", c) for c in ("cp1250", "iso8859-2", "cp852")),
    *(("cs", c) for c in ("cp1250", "iso8859-2")),
    *(("hu", "cp1250"), ("tr", "cp1254"), ("tr", "iso8859-9"), ("lt", "cp1257")),
    *(("ru", c) for c in ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic")),
    *(("uk", c) for c in ("cp1251", "koi8-u", "mac-cyrillic")),
    *(("bg", "cp1251"), ("el", "cp1253"), ("el", "iso8859-7"), ("he", "cp1255"), ("ar", "cp1256"), ("th", "cp874")),
    *(("ja", c) for c in ("shift_jis", "cp932", "euc-jp", "iso-2022-jp")),
    *(("zh-cn", c) for c in ("gb2312", "gb18030", "hz")),
    *(("zh-tw", "big5"), ("ko", "euc-kr"), ("ko", "cp949"), ("ko", "iso-2022-kr")),
]


@pytest.mark.parametrize(("language", "codec"), PAIRS)
def test_a_legacy_text_comes_back_exactly(language: str, codec: str) -> None:
    raw = TEXTS[language].encode(codec)
    assert len(raw) >= 300
    assert decode(raw).text == TEXTS[language]


@pytest.mark.parametrize("language", sorted(TEXTS))
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_unicode_is_known_without_a_bom(language: str, codec: str) -> None:
    decoded = decode(TEXTS[language].encode(codec))
    assert (decoded.text, decoded.encoding) == (TEXTS[language], codec)


@pytest.mark.parametrize("language", sorted(set(TEXTS) - {"en"}))
def test_the_same_text_is_refused_when_its_utf8_is_damaged(language: str) -> None:
    raw = TEXTS[language].encode()
    at = raw.index(b" ", 40) if b" " in raw[40:] else raw.index("。".encode())
    with pytest.raises(RejectedValue, match="undecodable"):
        decode(raw[:at] + b"\xff" + raw[at:])


def test_quotes_far_down_a_long_english_page_are_found() -> None:
    page = "Home\nNews\nWeather\n" + "Nothing but plain letters in this line.\n" * 8000 + "The mayor’s “plan”.\n"
    assert decode(page.encode("cp1252")).text == page


def test_a_menu_in_other_alphabets_does_not_change_the_body() -> None:
    page = "English | Русский | Deutsch\n\n" + TEXTS["ru"]
    assert decode(page.encode("cp1251")).text == page


def test_markup_left_in_a_page_may_name_its_encoding() -> None:
    page = '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2">\nŽe?\n'
    assert decode(page.encode("iso8859-2")).text == page
