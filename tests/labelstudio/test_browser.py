"""A person at the labeling page: what is selected with the mouse is what comes back, character for character."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from browsers import chromium_without_window
from corpus_samples import MakeSample, label_by, span, tone

from corpus_kit.core.config.layer_files import SAMPLE
from corpus_kit.core.layers import label_sets
from corpus_kit.labelstudio.server.process import StudioServer
from corpus_kit.pipeline.sync import server_context

pytestmark = [pytest.mark.studio, pytest.mark.browser]

WAIT_SECONDS = 60
TEXT = (
    "Zoë 🚀👩‍👩‍👧 met ACME.\r\nSecond line, e\u0301te\u0301 in Velmora.\r\n"
    "مرحبا بالعالم here and שלום there.\n没有空格的中文。 double  spaces\tand tabs 𝔘𝔫𝔦.\n"
)
SELECTED = ("👩‍👩‍👧", "ACME.\r\nSecond", "e\u0301te\u0301", "بالعالم", "שלום", "空格", "double  spaces\tand", "𝔫𝔦")
CONFIG = """<View><Labels name="label" toName="text"><Label value="PERSON" hotkey="1"/><Label value="ORG" hotkey="2"/>
</Labels><View style="white-space: pre-wrap"><Text name="text" value="$text" granularity="symbol"/></View></View>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium_without_window(1600, 1400) as made:
        yield made


def log_in(browser: Any, studio: StudioServer) -> None:
    from selenium.webdriver.common.by import By

    browser.get(f"{studio.url}/user/login/")
    fields = browser.find_elements(By.NAME, "email")
    if fields:
        fields[0].send_keys(studio.login.email)
        browser.find_element(By.NAME, "password").send_keys(studio.login.password)
        browser.find_element(By.NAME, "password").submit()
        until(browser, lambda: "/user/login" not in browser.current_url)


def until(browser: Any, condition: Any) -> Any:
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, WAIT_SECONDS, poll_frequency=0.1).until(lambda _: condition())


WHERE = """
// The rectangle of a piece of the text on the screen; what was marked before has cut the text into several nodes.
const wanted = arguments[0];
const root = [...document.querySelectorAll(".lsf-htx-richtext")].at(-1);
const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
const nodes = []; let all = "", node;
while ((node = walker.nextNode())) {
  if (node.parentElement.closest("style, [data-label]:not(.htx-highlight)")) continue;
  nodes.push([node, all.length]); all += node.data;
}
const at = all.indexOf(wanted);
if (at < 0) return null;
const place = (n, last) => {
  const [node, start] = nodes.findLast(([, start]) => last ? start < n : start <= n);
  return [node, n - start];
};
const range = document.createRange();
range.setStart(...place(at, false));
range.setEnd(...place(at + wanted.length, true));
const box = range.getBoundingClientRect();
return [box.left, box.right, (box.top + box.bottom) / 2];
"""
TEXT_IS_THERE = "return !![...document.querySelectorAll('.lsf-htx-richtext')].at(-1)?.textContent"
REGIONS = "return window.Htx?.annotationStore?.selected?.regions?.length ?? -1"


def drag(browser: Any, text: str) -> None:
    """Press before the first character, release after the last, as a mouse does."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.actions.action_builder import ActionBuilder
    from selenium.webdriver.common.keys import Keys

    lines = text.replace("\r\n", "\n").split("\n")
    first, last = (
        until(browser, lambda part=part: browser.execute_script(WHERE, part)) for part in (lines[0], lines[-1])
    )
    backwards = unicodedata.bidirectional(text[0]) in ("R", "AL")
    start, end = (first[1] - 1, last[0] + 1) if backwards else (first[0] + 1, last[1] - 1)
    before = browser.execute_script(REGIONS)
    ActionChains(browser).send_keys(Keys.ESCAPE).send_keys("1").perform()
    mouse = ActionBuilder(browser, duration=50)
    mouse.pointer_action.move_to_location(round(start), round(first[2])).pointer_down()
    mouse.pointer_action.move_to_location(round((start + end) / 2), round(last[2]))
    mouse.pointer_action.move_to_location(round(end), round(last[2])).pointer_up()
    mouse.perform()
    until(browser, lambda: browser.execute_script(REGIONS) == before + 1)


def open_task(browser: Any, studio: StudioServer, project: int, task: int) -> None:
    browser.get(f"{studio.url}/projects/{project}/data?task={task}")
    until(browser, lambda: browser.execute_script(REGIONS) >= 0)
    until(browser, lambda: browser.execute_script(TEXT_IS_THERE))


def close_guidelines(browser: Any) -> None:
    """The labeling stream opens with the guidelines over the page."""
    from selenium.webdriver.common.by import By

    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".lsf-modal-ls button"))
    browser.find_elements(By.CSS_SELECTOR, ".lsf-modal-ls button")[-1].click()
    until(browser, lambda: not browser.find_elements(By.CSS_SELECTOR, ".lsf-modal-ls"))


def submit(browser: Any) -> None:
    from selenium.webdriver.common.by import By

    browser.find_element(By.CSS_SELECTOR, "[data-testid=bottombar-submit-button]").click()


def test_what_the_mouse_selects_is_what_comes_back(make_corpus: MakeSample, browser: Any, studio: StudioServer) -> None:
    sample = make_corpus(pages={"mixed.txt": TEXT}, config=CONFIG)
    sample.corpus.push()
    log_in(browser, studio)
    task = sample.task_of("mixed.txt")
    open_task(browser, studio, sample.project.id, task)
    for text in SELECTED:
        drag(browser, text)
    submit(browser)
    until(browser, lambda: sample.client.export_tasks(sample.project.id, [task])[0]["annotations"])
    (pulled,) = sample.corpus.pull()
    assert (pulled.annotations, pulled.drafts) == (1, 0)
    made = sample.tables()
    assert made is not None
    assert made.rejected == {}
    spans = pl.read_parquet(sample.data / "annotations" / "spans-*.parquet").sort("start")
    assert spans["surface"].to_list() == list(SELECTED)
    assert [TEXT[s:e] for s, e in spans.select("start", "end").iter_rows()] == list(SELECTED)


def test_a_page_that_is_open_while_push_writes_is_submitted_all_the_same(
    make_corpus: MakeSample, browser: Any, studio: StudioServer
) -> None:
    """The labeling stream has served the page, with a suggestion; its text changes, and so do the suggestions."""
    pages = {"a.txt": "Zo met ACME.\n"}
    sample = make_corpus(pages=pages, config=CONFIG)
    sample.suggest([("a.txt", 0, 2, "PERSON")])
    sample.corpus.push()
    old = sample.task_of("a.txt")
    log_in(browser, studio)
    browser.get(f"{studio.url}/projects/{sample.project.id}/data?labeling=1")
    until(browser, lambda: browser.execute_script(REGIONS) == 1)
    until(browser, lambda: browser.execute_script(TEXT_IS_THERE))
    sample.suggest([("a.txt", 7, 11, "ORG")], version="names-2")
    sample.corpus.push()
    sample.write({"a.txt": f"Updated. {pages['a.txt']}"})
    sample.suggest([])
    (pushed,) = sample.corpus.push()
    assert (pushed.created, pushed.out) == (1, 1)
    close_guidelines(browser)
    submit(browser)
    until(browser, lambda: sample.client.export_tasks(sample.project.id, [old])[0]["annotations"])
    sample.corpus.pull()
    sample.tables()
    carried = pl.read_parquet(sample.data / "annotations" / "carried-*.parquet")
    assert carried.select("start", "end", "surface", "verdict").rows() == [(9, 11, "Zo", "shifted")]


def test_suggestions_stand_in_the_page_and_an_untouched_submit_accepts_them(
    make_corpus: MakeSample, browser: Any, studio: StudioServer
) -> None:
    from selenium.webdriver.common.by import By

    sample = make_corpus(pages={"mixed.txt": TEXT}, config=CONFIG)
    places = [(TEXT.index(text), TEXT.index(text) + len(text)) for text in SELECTED]
    sample.suggest([("mixed.txt", start, end, "ORG") for start, end in places])
    sample.corpus.push()
    log_in(browser, studio)
    browser.get(f"{studio.url}/projects/{sample.project.id}/data?labeling=1")
    until(browser, lambda: browser.execute_script(REGIONS) == len(SELECTED))
    # The stream opens with the guidelines, which is where a new annotator reads them.
    modal = until(browser, lambda: browser.find_element(By.CSS_SELECTOR, ".lsf-modal-ls_visible"))
    assert "Mark people & ORGs; 3 < 4." in modal.text
    modal.find_elements(By.TAG_NAME, "button")[-1].click()
    until(browser, lambda: not browser.find_elements(By.CSS_SELECTOR, ".lsf-modal-ls_visible"))
    submit(browser)
    task = sample.task_of("mixed.txt")
    until(browser, lambda: sample.client.export_tasks(sample.project.id, [task])[0]["annotations"])
    sample.corpus.pull()
    sample.tables()
    spans = pl.read_parquet(sample.data / "annotations" / "spans-*.parquet").sort("start")
    assert spans["surface"].to_list() == list(SELECTED)
    assert set(spans["origin"]) == {"accepted"}
    assert sample.corpus.status().layers[0].accepted == 1.0


def test_a_disagreement_settled_by_clicking_reaches_gold(
    make_corpus: MakeSample, browser: Any, studio: StudioServer
) -> None:
    from selenium.webdriver.common.by import By

    text = "Zoë met ACME in Port Sellane.\n"
    config = CONFIG.replace(
        "<View style",
        '<Choices name="names_tone" toName="text" required="true"><Choice value="plain"/><Choice value="angry"/></Choices>'
        "<View style",
        1,
    )
    sample = make_corpus(pages={"a.txt": text}, config=config)
    label_by(sample, "a.txt", {"ada": [span(0, 3), span(8, 12, "ORG"), tone("plain")]})
    label_by(sample, "a.txt", {"ben": [span(0, 3), tone("angry")]})
    sample.corpus.pull()
    sample.tables()
    assert sample.corpus.adjudicate().open == 2
    (sent,) = sample.corpus.send_disagreements()
    assert sent.created == 1
    log_in(browser, studio)
    (project,) = sample.client.find_projects(f"{sample.root.name}: names review")
    browser.get(f"{studio.url}/projects/{project.id}/data?labeling=1")
    until(browser, lambda: browser.execute_script(TEXT_IS_THERE))
    modal = until(browser, lambda: browser.find_element(By.CSS_SELECTOR, ".lsf-modal-ls_visible"))
    assert "what you submit is the answer for the whole page" in modal.text
    modal.find_elements(By.TAG_NAME, "button")[-1].click()
    until(browser, lambda: not browser.find_elements(By.CSS_SELECTOR, ".lsf-modal-ls_visible"))
    until(browser, lambda: browser.execute_script(REGIONS) == 1)
    shown = browser.execute_script("return document.body.innerText")
    for words in ("2 open", "plain: annotator-01", "angry: annotator-02", "ORG “ACME” 8-12: annotator-01"):
        assert words in shown
    drag(browser, "ACME")  # hotkey 1: PERSON, which neither of them said
    choice = next(e for e in browser.find_elements(By.CSS_SELECTOR, ".lsf-choice__item") if "plain" in e.text)
    choice.click()
    submit(browser)
    (task,) = sample.client.tasks(project.id)
    until(browser, lambda: sample.client.export_tasks(project.id, [task["id"]])[0]["annotations"])
    sample.corpus.pull()
    sample.tables()
    assert sample.corpus.adjudicate().open == 0
    gold = pl.read_parquet(sample.data / "gold" / "spans-*.parquet").sort("start")
    assert gold.select("surface", "label").rows() == [("Zoë", "PERSON"), ("ACME", "PERSON")]
    assert pl.read_parquet(sample.data / "gold" / "choices-*.parquet")["value"].to_list() == ["plain"]


CHOOSE = "const made = window.Htx.annotationStore.selected; made?.selectArea(made.regions[arguments[0]])"
LABELS_SHOWN = """
// Of every label's name beside the text: the name and its contrast against what it stands on (WCAG 2.2).
const parts = colour => colour.match(/[0-9.]+/g).map(Number);
const light = colour => {
  const [r, g, b] = parts(colour).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = node => {
  for (; node; node = node.parentElement) {
    const colour = getComputedStyle(node).backgroundColor, alpha = parts(colour)[3] ?? 1;
    if (alpha > 0.5) return colour;
  }
  return "rgb(255, 255, 255)";
};
const leaf = node => node.firstElementChild ? leaf(node.firstElementChild) : node;
return [...document.querySelectorAll(".lsf-outliner-item__title, .lsf-detailed-region__title")].map(title => {
  const name = leaf(title.querySelector(".lsf-labels-list") ?? title);
  const [a, b] = [light(getComputedStyle(name).color), light(ground(name))];
  return [name.textContent, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
});
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layer", "control"), [("boilerplate", "boilerplate"), ("entities", "entities"), ("stance", "evidence")]
)
def test_label_names_in_the_lists_can_be_read_in_dark_mode(
    layer: str, control: str, make_corpus: MakeSample, browser: Any, studio: StudioServer
) -> None:
    """In the list of regions and where the chosen one is shown; the server writes names in the label's own colour there."""
    from selenium.webdriver.common.by import By

    config = Path(__file__).resolve().parents[2] / "annotation" / layer / "config.xml"
    sample = make_corpus(pages={"page.txt": TEXT}, config=config.read_text(encoding="utf-8"))
    sample.corpus.push()
    labels = label_sets(server_context(sample.corpus, "push").layers["names"])[control]
    marks = [span(n, n + 1, label) | {"from_name": control} for n, label in enumerate(labels)]
    sample.client.create_annotation(sample.task_of("page.txt"), {"result": marks})

    def chosen(number: int) -> list[tuple[str, float]] | None:
        browser.execute_script(CHOOSE, number)
        found = browser.execute_script(LABELS_SHOWN)
        return found if len(found) == len(labels) + 1 and {name for name, _ in found} == set(labels) else None

    log_in(browser, studio)
    browser.execute_script("localStorage.setItem('preferred-color-scheme', 'dark')")
    try:
        open_task(browser, studio, sample.project.id, sample.task_of("page.txt"))
        until(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, ".lsf-outliner-item")) == len(labels))
        assert browser.execute_script("return document.documentElement.dataset.colorScheme") == "dark"
        for number in range(len(labels)):
            shown = until(browser, lambda number=number: chosen(number))
            assert [(name, contrast) for name, contrast in shown if contrast < 4.5] == []
    finally:
        browser.execute_script("localStorage.removeItem('preferred-color-scheme')")


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["boilerplate", "entities", "stance"])
def test_a_shipped_layers_page_shows_its_labels_and_guidelines(
    layer: str, make_corpus: MakeSample, browser: Any, studio: StudioServer, tmp_path: Path
) -> None:
    """A screenshot of each is left in the test's folder, to be looked at."""
    folder = Path(__file__).resolve().parents[2] / "annotation" / layer
    sample = make_corpus(pages={"page.txt": TEXT}, config=(folder / "config.xml").read_text(encoding="utf-8"))
    lines = (folder / "guidelines.md").read_text(encoding="utf-8").splitlines()
    guidelines = "\n".join(line for line in lines if SAMPLE not in line)  # which quotes pages of another corpus
    (sample.root / "annotation" / "names" / "guidelines.md").write_text(guidelines, encoding="utf-8")
    sample.corpus.push()
    log_in(browser, studio)
    open_task(browser, studio, sample.project.id, sample.task_of("page.txt"))
    shown = browser.execute_script("return document.body.innerText")
    labels = label_sets(server_context(sample.corpus, "push").layers["names"])
    assert labels
    assert [one for control in labels.values() for one in control if one.lower() not in shown.lower()] == []
    assert browser.save_screenshot(str(tmp_path / f"{layer}.png"))
    assert (tmp_path / f"{layer}.png").stat().st_size > 20_000
