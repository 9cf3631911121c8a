// The reader: shows the sampled documents with their spans. Everything it writes goes through textContent and attributes,
// so nothing that a document holds can become markup.
"use strict";
(() => {
  const el = (id) => document.getElementById(id);

  // Light and dark
  const theme = el("theme");
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme || (prefersDark.matches ? "dark" : "light")) === "dark";
  const showTheme = () => theme.setAttribute("aria-pressed", String(isDark()));
  theme.hidden = false;
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    showTheme();
  });
  prefersDark.addEventListener("change", showTheme);
  showTheme();

  const { layers, documents } = JSON.parse(el("sample").textContent);
  if (!documents.length) return;
  el("reading").hidden = false;
  const labelsOf = Object.fromEntries(layers.map((layer) => [layer.name, layer.labels]));
  const byId = new Map(documents.map((one) => [one.id, one]));
  const hiddenReadings = new Set(["suggested"]); // kinds and names that are switched off
  let found = documents;
  let current = null;
  let layer = "";
  let chosen = ""; // the layer somebody asked for

  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "class") node.className = value;
      else if (name === "on") node.addEventListener("click", value);
      else node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  // Characters that would act instead of showing: drawn as their code. LRM, RLM and ALM do no harm and keep working.
  const ACTING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0001}\u{e0020}-\u{e007f}]/u;
  const MARKS = "\u200e\u200f\u061c";
  const codeOf = (character) => "U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");

  function appendVisible(node, text) {
    let plain = "";
    for (const character of text) {
      if (!ACTING.test(character)) { plain += character; continue; }
      if (plain) node.append(plain);
      plain = MARKS.includes(character) ? character : "";
      node.append(make("span", { class: "control", "data-code": codeOf(character), title: codeOf(character) }));
    }
    if (plain) node.append(plain);
    return node;
  }
  const words = (text) => appendVisible(make("bdi"), text);
  const plainly = (text) => Array.from(text, (c) => (ACTING.test(c) ? `[${codeOf(c)}]` : c)).join("");

  // Offsets are code points; strings here count UTF-16 units. One pass gives the unit of every offset that is asked for.
  function unitsOf(text, offsets) {
    const wanted = [...new Set(offsets)].sort((a, b) => a - b);
    const units = new Map();
    let unit = 0, point = 0, next = 0;
    while (next < wanted.length && unit <= text.length) {
      if (wanted[next] === point) { units.set(point, unit); next += 1; continue; }
      unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
      point += 1;
    }
    return (offset) => units.get(offset) ?? text.length;
  }

  // A text with spans that may nest and overlap: cut at every boundary; each piece is wrapped once for each span over it,
  // the longest outside. All pieces of one span have its number in data-span.
  function drawText(text, spans, labels, differs) {
    const box = make("div", { class: "text", dir: "auto" });
    const unit = unitsOf(text, spans.flatMap(([start, end]) => [start, end]));
    const places = spans.map(([start, end, label], number) => ({ from: unit(start), to: unit(end), label, number }));
    const cuts = [...new Set([0, text.length, ...places.flatMap((p) => [p.from, p.to])])].sort((a, b) => a - b);
    const starting = new Map();
    for (const place of places) starting.set(place.from, [...(starting.get(place.from) || []), place]);
    let open = [];
    for (let i = 0; i + 1 < cuts.length; i += 1) {
      const [from, to] = [cuts[i], cuts[i + 1]];
      open = open.filter((p) => p.to > from).concat(starting.get(from) || []);
      const outer = [...open].sort((a, b) => (b.to - b.from) - (a.to - a.from) || a.number - b.number);
      let into = box;
      outer.forEach((place, depth) => {
        const kind = `l${place.label % 8} s${Math.floor(place.label / 8) % 4}`;
        const last = place.to === to ? " end" : "";
        const apart = differs(place.number) ? " differs" : "";
        const mark = make("mark", { class: kind + last + apart, "data-span": place.number, "data-label": plainly(labels[place.label]) });
        mark.style.setProperty("--depth", String(outer.length - 1 - depth));
        into.append(mark);
        into = mark;
      });
      appendVisible(into, text.slice(from, to));
    }
    return box;
  }

  // What people said of one layer, and where they differ
  const nameOf = (reading) => (reading.kind === "gold" ? "Gold" : reading.kind === "suggested" ? `Suggested: ${reading.who}` : reading.who);
  const keyOf = ([start, end, label]) => `${start} ${end} ${label}`;

  function spanDifferences(readings) {
    const people = readings.filter((r) => r.kind === "person" && !r.older);
    const said = new Map();
    for (const person of people) for (const span of person.spans) {
      if (!said.has(keyOf(span))) said.set(keyOf(span), { span, who: new Set() });
      said.get(keyOf(span)).who.add(person.who);
    }
    if (people.length < 2) return [];
    return [...said.values()].filter((one) => one.who.size < people.length).sort((a, b) => a.span[0] - b.span[0] || a.span[1] - b.span[1]);
  }

  function answerRows(readings) {
    const rows = new Map();
    readings.forEach((reading, column) => {
      for (const [control, target, value, region] of reading.answers || []) {
        const name = (target || control) + (region ? ` (region ${region})` : "");
        if (!rows.has(name)) rows.set(name, readings.map(() => []));
        rows.get(name)[column].push(value);
      }
    });
    return [...rows].map(([name, cells]) => {
      const people = cells.filter((cell, i) => readings[i].kind === "person" && cell.length).map((cell) => cell.join(", "));
      return { name, cells, differs: new Set(people).size > 1 };
    });
  }

  function drawAnswers(readings) {
    const rows = answerRows(readings);
    if (!rows.length) return "";
    const head = make("tr", {}, make("th", { scope: "col" }, "question"), ...readings.map((r) => make("th", { scope: "col" }, words(nameOf(r)))));
    const body = rows.map((row) => make("tr", {},
      make("th", { scope: "row" }, words(row.name), row.differs ? make("strong", { class: "warn" }, " ≠ people differ") : ""),
      ...row.cells.map((cell) => make("td", {}, cell.length ? words(cell.join(", ")) : "–"))));
    const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...body));
    return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Answers" }, table);
  }

  function drawDifferences(text, differences, labels, people) {
    if (!differences.length) return people > 1 ? make("p", { class: "note" }, "People marked the same spans here.") : "";
    const items = differences.map(({ span, who }) => {
      const unit = unitsOf(text, [span[0], span[1]]);
      const quote = plainly(text.slice(unit(span[0]), unit(span[1])));
      const short = Array.from(quote).length > 60 ? Array.from(quote).slice(0, 59).join("") + "…" : quote;
      const button = make("button", { type: "button", on: () => goTo(span) }, "“", make("bdi", {}, short), "”");
      return make("li", {}, button, ` ${plainly(labels[span[2]])}: ${[...who].join(", ")}, ${who.size} of ${people}`);
    });
    const count = `≠ People differ about ${differences.length} span${differences.length === 1 ? "" : "s"}`;
    return make("div", { class: "differences" }, make("strong", {}, count), make("ul", { tabindex: "0", "aria-label": "Differences" }, ...items));
  }

  function goTo(span) {
    const readings = current.layers[layer].filter(isShown);
    for (const [column, reading] of readings.entries()) {
      const number = reading.spans.findIndex((one) => keyOf(one) === keyOf(span));
      const mark = el("doc-layers").querySelectorAll(".reading")[column]?.querySelector(`[data-span="${number}"]`);
      if (number >= 0 && mark) {
        mark.tabIndex = -1;
        mark.focus({ preventScroll: true });
        mark.scrollIntoView({ block: "center", inline: "center" });
        return;
      }
    }
  }

  const told = (name) => (current.layers[name] || []).some((reading) => reading.kind !== "suggested");
  const isShown = (reading) => !hiddenReadings.has(reading.kind === "person" ? reading.who : reading.kind) || !told(layer);

  function drawReading(one, reading, labels, differing) {
    const differs = (number) => reading.kind === "person" && differing.has(keyOf(reading.spans[number]));
    const notes = [];
    if (reading.stale) notes.push(reading.stale === 1 ? "1 span of an older text has no certain place in this one." : `${reading.stale} spans of an older text have no certain place in this one.`);
    if (reading.beyond) notes.push(reading.beyond === 1 ? "1 span lies in the part that is not shown." : `${reading.beyond} spans lie in the part that is not shown.`);
    const box = make("section", { class: "reading" }, make("h4", {}, words(nameOf(reading))));
    for (const note of notes) box.append(make("p", { class: "note warn" }, note));
    box.append(drawText(one.text, reading.spans, labels, differs));
    if (one.hidden) box.append(make("p", { class: "note warn" }, `Cut here: ${one.hidden.toLocaleString("en")} more characters are not shown.`));
    if (reading.relations) box.append(make("ul", {}, ...reading.relations.map(([from, label, to, direction]) =>
      make("li", {}, words(from), direction === "left" ? " ← " : direction === "bi" ? " ↔ " : " → ", words(label), " ", words(to)))));
    return box;
  }

  function drawLayers() {
    const place = el("doc-layers");
    const named = layers.map((one) => one.name).filter((name) => current.layers[name]);
    if (!named.length) {
      const reading = { kind: "text", who: "", spans: [] };
      const box = drawReading(current, reading, [], new Set());
      box.firstChild.textContent = "Text";
      place.replaceChildren(box);
      return;
    }
    // The layer last looked at; where no one said anything in it, the first one in which somebody did.
    if (!named.includes(layer) || (!told(layer) && layer !== chosen)) layer = named.find(told) || named[0];
    const readings = current.layers[layer];
    const labels = labelsOf[layer];
    const shown = readings.filter(isShown);
    const differences = spanDifferences(readings);
    const differing = new Set(differences.map(({ span }) => keyOf(span)));
    const people = readings.filter((r) => r.kind === "person").length;
    const tabs = make("div", { class: "tabs", role: "group", "aria-label": "Layer" }, ...named.map((name) =>
      make("button", { type: "button", "aria-pressed": String(name === layer), "data-tab": name, on: () => { layer = chosen = name; drawLayers(); place.querySelector(`[data-tab="${CSS.escape(name)}"]`).focus(); } },
        words(name), current.disputed.includes(name) ? " ≠" : "")));
    const boxes = readings.map((reading) => {
      const key = reading.kind === "person" ? reading.who : reading.kind;
      const input = make("input", { type: "checkbox", "data-reading": key });
      input.checked = isShown(reading);
      input.addEventListener("change", () => {
        if (input.checked) hiddenReadings.delete(key); else hiddenReadings.add(key);
        drawLayers();
        place.querySelector(`[data-reading="${CSS.escape(key)}"]`).focus();
      });
      return make("label", {}, input, words(nameOf(reading)));
    });
    const which = make("fieldset", { class: "which" }, make("legend", {}, "Show"), ...boxes);
    const used = [...new Set(shown.flatMap((r) => r.spans.map((span) => span[2])))].sort((a, b) => a - b);
    const legend = make("ul", { class: "legend", "aria-label": "Labels" }, ...used.map((label) =>
      make("li", {}, make("mark", { class: `l${label % 8} s${Math.floor(label / 8) % 4}` }, words(labels[label])))));
    const columns = make("div", { class: "readings", tabindex: "0", role: "region", "aria-label": "Readings side by side" },
      ...(shown.length ? shown : [{ kind: "text", who: "Text", spans: [] }]).map((reading) => drawReading(current, reading, labels, differing)));
    place.replaceChildren(tabs, which, used.length ? legend : "", drawAnswers(shown), drawDifferences(current.text, differences, labels, people), columns);
  }

  // The document
  function fact(name, value) {
    return value ? make("div", {}, make("dt", {}, name + " "), make("dd", {}, value)) : "";
  }

  function address(url) {
    if (!url) return "";
    let parsed = null;
    try { parsed = new URL(url); } catch { /* shown as text */ }
    if (!parsed || !["http:", "https:"].includes(parsed.protocol)) return words(url);
    return make("a", { href: parsed.href, rel: "noreferrer noopener", target: "_blank" }, words(url));
  }

  function show(one, focus) {
    current = one;
    const title = el("doc-title");
    title.replaceChildren();
    appendVisible(title, one.title || one.source);
    el("doc-facts").replaceChildren(
      fact("source", words(one.source)), fact("publisher", one.publisher && words(one.publisher)), fact("language", words(one.language)),
      fact("published", one.published), fact("split", one.split), fact("copy of", one.copyOf && make("code", {}, one.copyOf)),
      fact("doc_id", make("code", {}, one.id)), fact("address", address(one.url)));
    drawLayers();
    for (const button of el("list").querySelectorAll("button")) {
      const mine = button.dataset.id === one.id;
      if (mine) {
        button.setAttribute("aria-current", "true");
        const shelf = el("list").parentElement;
        const [top, bottom] = [button.offsetTop - shelf.offsetTop, button.offsetTop - shelf.offsetTop + button.offsetHeight];
        if (top < shelf.scrollTop || bottom > shelf.scrollTop + shelf.clientHeight) shelf.scrollTop = top - 40;
      } else button.removeAttribute("aria-current");
    }
    const place = found.indexOf(one);
    el("previous").disabled = place <= 0;
    el("next").disabled = place < 0 || place === found.length - 1;
    sayCount();
    if (focus) el("document").focus({ preventScroll: true });
  }

  function sayCount() {
    const place = found.indexOf(current);
    const shown = `${found.length.toLocaleString("en")} of ${documents.length.toLocaleString("en")} documents`;
    el("count").textContent = place >= 0 ? `${shown}; showing ${place + 1}: ${plainly(current.title || current.source)}` : shown;
  }

  function turn(by) {
    const next = found[found.indexOf(current) + by];
    if (next) show(next, true);
  }

  // Filters
  function options(select, values) {
    for (const value of values) select.append(make("option", { value }, plainly(value)));
  }
  options(el("f-language"), [...new Set(documents.map((d) => d.language))].sort());
  options(el("f-split"), [...new Set(documents.map((d) => d.split).filter(Boolean))].sort());
  el("f-layer").append(make("option", { value: "" }, "any"));
  options(el("f-layer"), layers.map((one) => one.name));

  const searched = new Map(documents.map((d) => [d.id, `${d.title}\n${d.source}\n${d.publisher}\n${d.id}\n${d.text}`.normalize("NFC").toLowerCase()]));
  const labelledIn = (one, name) => (one.layers[name] || []).some((r) => r.kind !== "suggested");

  function passes(one) {
    const [text, language, wanted, disputed, split] = ["text", "language", "layer", "disputed", "split"].map((n) => el(`f-${n}`).value);
    if (language && one.language !== language) return false;
    if (split && one.split !== split) return false;
    if (wanted && !labelledIn(one, wanted)) return false;
    const apart = wanted ? one.disputed.includes(wanted) : one.disputed.length > 0;
    if (disputed && apart !== (disputed === "yes")) return false;
    return !text || searched.get(one.id).includes(text.normalize("NFC").toLowerCase());
  }

  function filter() {
    if (el("f-layer").value) layer = chosen = el("f-layer").value;
    found = documents.filter(passes);
    el("list").replaceChildren(...found.map((one) => {
      const apart = one.disputed.length ? ` · ≠ ${one.disputed.join(", ")}` : "";
      return make("li", {}, make("button", { type: "button", "data-id": one.id, on: () => show(one, false) },
        words(one.title || one.source), make("small", {}, plainly(`${one.language} · ${one.publisher || one.source}`) + apart)));
    }));
    if (!found.length) {
      el("list").append(make("li", { class: "none" }, "No document passes the filters."));
      sayCount();
    } else show(found.includes(current) ? current : found[0], false);
  }

  el("filters").addEventListener("input", filter);
  el("filters").addEventListener("submit", (event) => event.preventDefault());
  el("previous").addEventListener("click", () => turn(-1));
  el("next").addEventListener("click", () => turn(1));
  el("list").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...el("list").querySelectorAll("button")];
    const next = buttons[buttons.indexOf(document.activeElement) + step];
    if (next) { next.focus(); event.preventDefault(); }
  });
  // Single letters act inside the reader only, and not where somebody writes.
  el("reading").addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input[type=search], select")) return;
    const act = { n: () => turn(1), p: () => turn(-1), "/": () => el("f-text").focus() }[event.key];
    if (act) { act(); event.preventDefault(); }
  });
  // Links to a document of the sample
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#doc-"]');
    const one = link && byId.get(link.getAttribute("href").slice(5));
    if (!one) return;
    event.preventDefault();
    el("filters").reset();
    if (link.dataset.layer) layer = chosen = link.dataset.layer;
    current = one;
    filter();
    el("document").scrollIntoView();
    el("document").focus({ preventScroll: true });
  });
  filter();
})();
