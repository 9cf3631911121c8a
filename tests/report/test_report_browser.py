"""The report in a real browser: what is highlighted, what the keyboard does, and that nothing runs or leaves the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from browsers import open_page
from report_samples import EMOJI, HOSTILE, MARKED, NESTED

from corpus_kit import Corpus

pytestmark = pytest.mark.browser

SECTIONS = "came-in documents splits boilerplate labels agreement people suggestions reader".split()
SHOWN = """
// What stands in each column of the reader: its name, its text, and every span's pieces joined, by label.
return [...document.querySelectorAll(".reading")].map((reading) => {
  const spans = {};
  for (const mark of reading.querySelectorAll("mark[data-span]")) {
    const key = mark.dataset.span;
    spans[key] = spans[key] || {label: mark.dataset.label, text: "", differs: mark.classList.contains("differs")};
    spans[key].text += mark.textContent;
  }
  const [who, text] = ["h4", ".text"].map((name) => reading.querySelector(name).textContent);
  return {who, text, spans: Object.values(spans)};
});
"""


def titles(browser: Any) -> list[str]:
    return browser.execute_script('return [...document.querySelectorAll("#list button bdi")].map((b) => b.textContent)')


def search(browser: Any, words: str) -> None:
    from selenium.webdriver.common.by import By

    browser.find_element(By.ID, "f-text").send_keys(words)


def choose(browser: Any, field: str, value: str) -> None:
    set_it = "const f = document.getElementById(arguments[0]); f.value = arguments[1];"
    browser.execute_script(f"{set_it} f.dispatchEvent(new Event('input', {{bubbles: true}}))", field, value)


def press(browser: Any, key: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(browser).send_keys(key).perform()


def focused(browser: Any) -> str:
    return browser.execute_script("return document.activeElement.id || document.activeElement.textContent")


def reading(browser: Any, who: str) -> dict[str, Any]:
    return next(r for r in browser.execute_script(SHOWN) if r["who"] == who)


def test_every_section_renders(opened: Any) -> None:
    heights = opened.execute_script(
        "return arguments[0].map((id) => document.getElementById(id)?.getBoundingClientRect().height ?? 0)", SECTIONS
    )
    assert [name for name, height in zip(SECTIONS, heights, strict=True) if height < 60] == []
    charts = opened.execute_script("return [...document.querySelectorAll('svg.chart')].map((s) => s.getBBox().width)")
    assert len(charts) > 8 and min(charts) > 100


def test_nothing_is_requested_but_the_file_and_the_console_stays_silent(opened: Any, hostile: Corpus) -> None:
    search(opened, "window.hit")
    asked = [json.loads(entry["message"])["message"] for entry in opened.get_log("performance")]
    urls = {a["params"]["request"]["url"] for a in asked if a["method"] == "Network.requestWillBeSent"}
    assert {url.split("#")[0] for url in urls} == {(hostile.data / "report" / "report.html").as_uri()}
    assert opened.get_log("browser") == []


@pytest.mark.parametrize("words", ["zoë 🚀", "emoji.txt"])
def test_spans_highlight_the_right_characters_in_emoji_and_right_to_left_text(opened: Any, words: str) -> None:
    search(opened, words)
    shown = reading(opened, "annotator-01")
    assert shown["text"] == EMOJI
    assert [span["text"] for span in shown["spans"]] == list(MARKED)
    order = opened.execute_script("return getComputedStyle(document.querySelector('.reading .text')).unicodeBidi")
    assert order == "plaintext", "every line has the direction of its own first letter"


def test_nested_and_overlapping_spans_are_drawn_whole(opened: Any) -> None:
    search(opened, "nested.txt")
    shown = reading(opened, "annotator-01")
    assert shown["text"] == NESTED
    assert {span["text"]: span["label"] for span in shown["spans"]} == {
        "Vesk Board of Lake Vesk": "ORG",
        "Lake Vesk": "LOC",
        "Vesk met in Velmora": "EVENT",
    }


def test_disagreements_are_marked_and_listed(opened: Any) -> None:
    from selenium.webdriver.common.by import By

    search(opened, "nested.txt")
    columns = {r["who"]: {s["text"]: s["differs"] for s in r["spans"]} for r in opened.execute_script(SHOWN)}
    assert list(columns) == ["Gold", "annotator-01", "annotator-02", "annotator-03"]
    assert columns["annotator-02"] == {"Vesk Board of Lake Vesk": False, "Velmora": True}
    listed = opened.find_element(By.CSS_SELECTOR, ".differences").text
    assert "≠ People differ about 3 spans" in listed
    assert "“Velmora” GPE: annotator-02, 1 of 3" in listed
    opened.execute_script("document.querySelector('.differences button').click()")
    assert focused(opened) == "Lake ", "the first piece of the span, up to where another begins"


def test_answers_stand_side_by_side(opened: Any) -> None:
    from selenium.webdriver.common.by import By

    search(opened, "strike.txt")
    choose(opened, "f-layer", "stance")
    row = opened.find_element(By.CSS_SELECTOR, "#doc-layers table tbody tr").text
    assert "halvern_pipeline ≠ people differ" in row and "favour" in row and "against" in row


def test_hostile_text_is_visible_and_inert(opened: Any) -> None:
    from selenium.webdriver.common.by import By

    search(opened, "window.hit=1")
    shown = opened.find_element(By.CSS_SELECTOR, ".reading .text")
    assert "<script>window.hit=1</script><img src=x onerror=window.hit=2>" in shown.text
    codes = opened.execute_script(
        "return [...arguments[0].querySelectorAll('.control')].map((c) => c.dataset.code)", shown
    )
    assert codes == "U+202E U+202C U+2066 U+2069 U+0007 U+001B U+2028 U+2029 U+FEFF".split()
    gone = "".join(c for c in HOSTILE if c not in "\u202e\u202c\u2066\u2069\x07\x1b\u2028\u2029\ufeff")
    assert shown.get_property("textContent") == gone
    assert opened.execute_script("return window.hit ?? null") is None
    assert opened.execute_script("return document.querySelectorAll('img, iframe, object').length") == 0
    facts = opened.find_element(By.ID, "doc-facts")
    assert "javascript:window.hit=5" in facts.text
    assert facts.find_elements(By.TAG_NAME, "a") == []
    assert opened.get_log("browser") == []


def test_a_script_that_got_in_would_not_run(opened: Any) -> None:
    """The policy itself, not only our care: an inline script and a handler put into the page do nothing."""
    opened.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.hit = 6'; document.body.append(s);"
        "const d = document.createElement('div'); document.body.append(d);"
        "d.innerHTML = '<img src=x onerror=\"window.hit=7\">';"
    )
    assert opened.execute_script("return window.hit ?? null") is None
    assert any("Content Security Policy" in entry["message"] for entry in opened.get_log("browser"))


def test_an_address_is_a_link_without_referrer(opened: Any) -> None:
    from selenium.webdriver.common.by import By

    search(opened, "A page with an address")
    (link,) = opened.find_elements(By.CSS_SELECTOR, "#doc-facts a")
    assert link.get_attribute("href") == "https://news.example/a?b=1&c=2"
    assert "noreferrer" in link.get_attribute("rel")


def test_filters_narrow_the_list(opened: Any) -> None:
    everything = titles(opened)
    choose(opened, "f-disputed", "yes")
    assert 0 < len(titles(opened)) < len(everything)
    choose(opened, "f-layer", "stance")
    assert titles(opened) == ["strike.txt"] or titles(opened) == ["Strike ends"]
    choose(opened, "f-disputed", "")
    choose(opened, "f-layer", "")
    for field in ("f-language", "f-split"):
        values = opened.execute_script(
            "return [...document.getElementById(arguments[0]).options].map((o) => o.value)", field
        )
        counts = []
        for value in values[1:]:
            choose(opened, field, value)
            counts.append(len(titles(opened)))
        assert sum(counts) == len(everything), field
        choose(opened, field, "")
    search(opened, "nothing has these words")
    assert "0 of" in opened.execute_script("return document.getElementById('count').textContent")


def test_the_reader_works_by_keyboard_alone(opened: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    opened.execute_script("document.getElementById('f-text').focus()")
    press(opened, "vesk")
    assert focused(opened) == "f-text", "letters go into the search while one writes there"
    listed = titles(opened)
    assert len(listed) > 1
    opened.execute_script("document.querySelector('#list button').focus()")
    press(opened, Keys.ARROW_DOWN)
    assert focused(opened).startswith(listed[1])
    press(opened, Keys.ENTER)
    title = "return document.getElementById('doc-title').textContent"
    assert opened.execute_script(title) == listed[1]
    press(opened, "p")
    assert (opened.execute_script(title), focused(opened)) == (listed[0], "document")
    press(opened, "n")
    assert opened.execute_script(title) == listed[1]
    press(opened, "/")
    assert focused(opened) == "f-text"


def test_the_first_tab_offers_the_way_past_the_menu(opened: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    press(opened, Keys.TAB)
    assert focused(opened) == "Skip to the report"


def test_the_toggle_changes_the_colours(opened: Any) -> None:
    paper = "return getComputedStyle(document.body).backgroundColor"
    light = opened.execute_script(paper)
    opened.execute_script("document.getElementById('theme').click()")
    assert opened.execute_script(paper) != light
    assert opened.execute_script("return document.getElementById('theme').getAttribute('aria-pressed')") == "true"


def test_without_javascript_the_figures_are_there_and_the_reader_says_why_it_is_not(
    chromium: Any, hostile: Corpus
) -> None:
    page = open_page(chromium, hostile.data / "report" / "report.html", script=False)
    tree = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    words = " ".join(str(node.get("name", {}).get("value", "")) for node in tree)
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert "The reader needs JavaScript" in words
    assert "Krippendorff's alpha" in words and "empty_text" in words


def test_a_small_screen_scrolls_down_only(chromium: Any, hostile: Corpus) -> None:
    page = open_page(chromium, hostile.data / "report" / "report.html", width=400)
    assert page.execute_script("return document.documentElement.scrollWidth") <= 400


def test_it_prints_in_light_colours_and_without_controls(opened: Any) -> None:
    opened.execute_script("document.getElementById('theme').click()")
    opened.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    paper = opened.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)", "paper is white, whatever the screen was"
    hidden = (
        "return ['nav', '#theme', '#filters', '.shelf'].map((s) => getComputedStyle(document.querySelector(s)).display)"
    )
    assert set(opened.execute_script(hidden)) == {"none"}
    printed = opened.execute_cdp_cmd("Page.printToPDF", {})["data"]
    assert len(printed) > 50_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_no_serious_fault(chromium: Any, hostile: Corpus, scheme: str, width: int) -> None:
    import axe_playwright_python

    axe = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    page = open_page(chromium, hostile.data / "report" / "report.html", width=width, scheme=scheme)
    search(page, "nested.txt")
    page.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")
    # Through the debugger, which the page's policy does not bind.
    page.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
    found = page.execute_cdp_cmd(
        "Runtime.evaluate",
        {"expression": "axe.run(document).then((r) => JSON.stringify(r))", "awaitPromise": True, "returnByValue": True},
    )
    result = json.loads(found["result"]["value"])
    assert len(result["passes"]) > 25, "axe looked at the page"
    faults = [
        (v["id"], v["impact"], node["target"], node["failureSummary"][:200])
        for v in result["violations"]
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"][:5]
    ]
    assert faults == []
