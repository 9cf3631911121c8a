"""The files of a layer that a user asks for: config and guidelines of a known kind, of stance targets, or a sketch.

What a sketch leaves to be written is marked (`[write: …]`), and `push` refuses a layer that still has such a mark: no
one should read in the guidelines what was meant for whoever writes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, cycle, repeat
from pathlib import Path
from xml.sax.saxutils import quoteattr

from corpus_kit.core.config.corpus_toml import CORPUS_FILE, load_config
from corpus_kit.core.config.template import Written, shipped
from corpus_kit.core.errors import ConfigError, UsageError
from corpus_kit.core.layers import Layer, load_layer

STANCE = "stance"
MARK = "[write:"
SAMPLE = "quoted letter for letter from the sample pages"
SAMPLE_CORPUS = "mirrow-strait-news"
ROWS = ("qwert", "asdfg", "zxcvb")
COLOURS = ("#0044BB", "#AA3300", "#00885A", "#7744BB", "#886600", "#AA0066", "#226688", "#555555", "#447700")
_BLOCK = (
    r'[ \t]*<View className="ck-target">\s*<View className="ck-name">(?:(?!</View>).)*</View>\s*'
    r'<Choices name="{name}_(?:(?!</Choices>).)*</Choices>\s*</View>[ \t]*\n?'
)
_BARE = r"""[ \t]*<Choices name="{name}_(?:(?!</Choices>).)*</Choices>[ \t]*\n?"""
_TEXT = """  <View style="white-space: pre-wrap">
    <Text name="text" value="$text" granularity="word" saveTextResult="no"/>
  </View>"""
_EVIDENCE = r"""(?P<start><Labels name="evidence"[^>]*>)(?P<labels>(?:(?!</Labels>).)*)(?P<end>[ \t]*</Labels>)"""


@dataclass(frozen=True, slots=True)
class LayerRequest:
    """A layer to be added.

    Attributes:
        name: Its name, also that of its folder.
        targets: What stance is asked about, in people's words; only for the layer `stance`.
        labels: Span labels of a custom layer.
        choices: Document-level choices of a custom layer.
    """

    name: str
    targets: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


def add_layer(root: Path, request: LayerRequest) -> Written:
    """Write `annotation/<name>/` and name the layer in `corpus.toml`; a file that is there is left alone.

    Raises:
        UsageError: A stance layer without a target, or a custom layer with neither labels nor choices.
        ConfigError: What was asked for makes no config that can be used.
    """
    config, guidelines = _texts(request)
    written = Written()
    folder = root / "annotation" / request.name
    for name, text in (("config.xml", config), ("guidelines.md", guidelines)):
        place = f"annotation/{request.name}/{name}"
        if (folder / name).exists():
            written.kept.append(place)
            continue
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        written.made.append(place)
    load_layer(folder)
    if (root / CORPUS_FILE).is_file() and name_layer(root / CORPUS_FILE, request.name):
        written.made.append(CORPUS_FILE)
    return written


def add_targets(folder: Path, titles: Sequence[str]) -> list[str]:
    """Ask about more targets in the config and the guidelines of a layer; the names of those that were not there.

    Raises:
        UsageError: No target, or one without a letter or digit.
        ConfigError: The config has no question about a target that could be repeated.
    """
    layer = load_layer(folder)
    if not titles:
        raise UsageError("No target is named.", 'Name what stance is asked about: `corpus-kit target add "Tram line"`.')
    config = (folder / "config.xml").read_text(encoding="utf-8")
    guide = folder / "guidelines.md"
    guidelines = guide.read_text(encoding="utf-8") if guide.is_file() else ""
    added: list[str] = []
    for title in titles:
        name = target_name(title)
        if name in layer.targets or name in added:
            continue
        config = _with_target(config, layer.name, title)
        guidelines = _described(guidelines, name, title)
        added.append(name)
    if added:
        (folder / "config.xml").write_text(config, encoding="utf-8", newline="\n")
        guide.write_text(guidelines, encoding="utf-8", newline="\n")
        load_layer(folder)
    return added


def target_name(title: str) -> str:
    """A target's name in the data: its letters and digits, small, joined by underscores.

    Raises:
        UsageError: There are none.
    """
    name = re.sub(r"[\W_]+", "_", title.replace("’", "").replace("'", "").casefold()).strip("_")
    if not name:
        raise UsageError(f"The target '{title}' has no letter.", "Name it in words.")
    return name


def name_layer(toml: Path, layer: str) -> bool:
    """Name a layer in `layers` of `corpus.toml`; whether it was not there."""
    text = toml.read_text(encoding="utf-8")
    names = list(load_config(toml).layers)
    if layer in names:
        return False
    line = f"layers = {json.dumps([*names, layer], ensure_ascii=False)}"
    found = re.search(r"(?m)^layers\s*=\s*\[[^\]]*\]", text)
    table = re.search(r"(?m)^\[", text)
    if found is not None:
        text = text[: found.start()] + line + text[found.end() :]
    elif table is not None:
        text = f"{text[: table.start()]}{line}\n\n{text[table.start() :]}"
    else:
        text = f"{text.rstrip()}\n{line}\n"
    toml.write_text(text, encoding="utf-8", newline="\n")
    return True


def template_text(layer: Layer, corpus: str) -> str:
    """What of a layer was not written for this corpus, as the end of a sentence; "" for nothing.

    Args:
        layer: The layer.
        corpus: The name of the corpus. Only the sample corpus may use the sample guidelines.
    """
    for name, text in (("config.xml", layer.config_xml), ("guidelines.md", layer.guidelines or "")):
        for number, line in enumerate(text.splitlines(), start=1):
            if MARK in line:
                return f"line {number} of annotation/{layer.name}/{name} still has to be written"
    if SAMPLE in (layer.guidelines or "") and corpus != SAMPLE_CORPUS:
        return f"annotation/{layer.name}/guidelines.md quotes pages of the sample corpus, not of this one"
    return ""


def _texts(request: LayerRequest) -> tuple[str, str]:
    name = request.name
    if name == STANCE:
        if not request.targets:
            raise UsageError("Stance is asked about something.", 'Name it: --stance-target "Tram line", once for each.')
        return _stance(request.targets)
    if request.targets:
        raise UsageError(f"The layer '{name}' has no targets.", "Targets are what the layer `stance` asks about.")
    if request.labels or request.choices:
        return _sketch(request)
    if not (shipped("annotation") / name / "config.xml").is_file():
        raise UsageError(f"'{name}' is no layer that corpus-kit ships.", "Name its --label or its --choice, or both.")
    config = (shipped("annotation") / name / "config.xml").read_text(encoding="utf-8")
    return config, (shipped("guidelines") / f"{name}.md").read_text(encoding="utf-8")


def _stance(targets: Sequence[str]) -> tuple[str, str]:
    """The shipped layer, about other targets."""
    config = (shipped("annotation") / STANCE / "config.xml").read_text(encoding="utf-8")
    blocks = list(re.finditer(_BLOCK.format(name=STANCE), config, re.DOTALL))
    plain = blocks[0].group()
    config = config[: blocks[0].start()] + config[blocks[-1].end() :]
    config = re.sub(_EVIDENCE, lambda m: m["start"] + "\n      " + m["end"].lstrip(), config, flags=re.DOTALL)
    guidelines = (shipped("guidelines") / f"{STANCE}.md").read_text(encoding="utf-8")
    described = []
    for name, title in {target_name(title): title for title in targets}.items():
        config = _with_target(config, STANCE, title, plain)
        described.append(f"**{name}**: {_sentence(title)}")
    return config, guidelines.replace("{targets}", "\n\n".join(described))


def _with_target(config: str, layer: str, title: str, plain: str | None = None) -> str:
    """A config with one more question, worded as the last one, and its label of evidence where there are such labels."""
    pattern = _BLOCK.format(name=re.escape(layer))
    blocks = list(re.finditer(pattern, config, re.DOTALL))
    blocks = blocks or list(re.finditer(_BARE.format(name=re.escape(layer)), config, re.DOTALL))
    evidence = re.search(_EVIDENCE, config, re.DOTALL)
    if not blocks and (plain is None or evidence is None):
        raise ConfigError(
            f"The config of '{layer}' asks about no target, so there is no question to repeat.",
            f"Give it one <Choices> named {layer}_<target> first; corpus-kit adds others like it.",
        )
    block = _reworded(blocks[-1].group() if plain is None or blocks else plain, layer, title, config)
    # Without a question the block of the evidence is the only one.
    first = config.rfind('<View className="ck-target">')
    at = blocks[-1].end() if blocks else config.rindex("\n", 0, first) + 1
    config = config[:at] + block + config[at:]
    evidence = re.search(_EVIDENCE, config, re.DOTALL)
    if evidence is None:
        return config
    number = evidence["labels"].count("<Label ")
    key = f' hotkey="{number + 1}"' if number < 9 else ""
    hint = quoteattr(f"Words that show the author’s stance on it: {title}")
    label = f'        <Label value="{target_name(title)}"{key} background="{COLOURS[number % len(COLOURS)]}" hint={hint}/>\n'
    at = evidence.start("end")
    return config[:at] + label + config[at:]


def _reworded(block: str, layer: str, title: str, config: str) -> str:
    keys = next((row for row in ROWS if not any(f'hotkey="{key}"' in config for key in row)), "")
    block = re.sub(
        rf'name="{re.escape(layer)}_[^"]*"', lambda _: f'name="{layer}_{target_name(title)}"', block, count=1
    )
    block = re.sub(r'(<Header value=)"[^"]*"', lambda m: m[1] + quoteattr(title), block, count=1)
    message = quoteattr(f"Please answer for every target: {title} is still open.")
    block = re.sub(r'requiredMessage="[^"]*"', lambda _: f"requiredMessage={message}", block)
    block = re.sub(r' hotkey="[^"]*"', "", block)
    remaining = iter(keys)
    return re.sub(r"<Choice value=\"[^\"]*\"", lambda m: m[0] + _hotkey(next(remaining, "")), block)


def _keys(first: str) -> Iterator[str]:
    """Hotkeys as long as there are some, then none."""
    return chain(first, repeat(""))


def _hotkey(key: str) -> str:
    return f' hotkey="{key}"' if key else ""


def _described(guidelines: str, name: str, title: str) -> str:
    """Guidelines that name one more target, after the last one they name."""
    line = f"**{name}**: {_sentence(title)}\n"
    section = re.search(r"(?m)^## The targets\n(?P<body>(?:(?!^## ).*\n?)*)", guidelines)
    if section is None:
        return f"{guidelines.rstrip()}\n\n## The targets\n\n{line}"
    return f"{guidelines[: section.end()].rstrip()}\n\n{line}\n{guidelines[section.end() :]}"


def _sentence(title: str) -> str:
    return title if title[-1] in ".!?" else f"{title}."


def _sketch(request: LayerRequest) -> tuple[str, str]:
    """Config and guidelines of a custom layer; what only its author can write is marked."""
    parts = []
    if request.labels:
        labels = [
            f'    <Label value={quoteattr(label)}{_hotkey(key)} background="{colour}"/>'
            for label, key, colour in zip(request.labels, _keys("123456789"), cycle(COLOURS), strict=False)
        ]
        parts.append(
            f'  <Labels name="{request.name}" toName="text" showInline="true">\n' + "\n".join(labels) + "\n  </Labels>"
        )
    if request.choices:
        answers = [
            f"    <Choice value={quoteattr(answer)}{_hotkey(key)}/>"
            for answer, key in zip(request.choices, _keys("".join(ROWS)), strict=False)
        ]
        control = f"{request.name}_answer" if request.labels else request.name
        parts.append(
            f'  <Choices name="{control}" toName="text" choice="single-radio" showInline="true">\n'
            + "\n".join(answers)
            + "\n  </Choices>"
        )
    config = "<View>\n" + "\n".join([*parts, _TEXT]) + "\n</View>\n"
    words = [*request.labels, *request.choices]
    described = "\n\n".join(f"**{word}**: {MARK} what it is, and what it is not]" for word in words)
    guidelines = (
        f"# {request.name.capitalize()}\n\nVersion: 0.1\n\n"
        f"## The task\n\n{MARK} what people are to do, in one paragraph]\n\n"
        f"## The answers\n\n{described}\n\n## Hard cases\n\n{MARK} two or three, from your own pages]\n"
    )
    return config, guidelines
