"""The page itself: one file, all in it, and a Content-Security-Policy that lets nothing else run or load.

Templates are compiled once in a user's life: compiling them takes longer than filling them in.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from jinja2.bccache import Bucket, BytecodeCache
from markupsafe import Markup

from corpus_kit.core.storage.cache import keep_bytes, read_kept
from corpus_kit.report.view import View
from corpus_kit.report.visible import is_web_address, shown

_PLACE, _SUFFIX = "templates", ".cache"


class CompiledTemplates(BytecodeCache):
    """Jinja's own cache of files would take any bytes for code, in a folder that may come from a stranger."""

    def load_bytecode(self, bucket: Bucket) -> None:
        kept = read_kept(_PLACE, _made_from(bucket), _SUFFIX)
        if kept is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        keep_bytes(_PLACE, _made_from(bucket), _SUFFIX, bucket.bytecode_to_string())


def _made_from(bucket: Bucket) -> str:
    """The file of the template and its content; who compiles, Jinja compares by itself but for its own release."""
    return f"{bucket.key} {bucket.checksum} jinja2 {metadata.version('jinja2')}"


_HERE = Path(__file__).parent
_INERT = {"&": "\\u0026", "<": "\\u003c", ">": "\\u003e", "\u2028": "\\u2028", "\u2029": "\\u2029", "\x7f": "\\u007f"}


def render(view: View, sample: str) -> str:
    """The page as HTML. sample: the reader's JSON, made harmless here.

    Everything a template prints is escaped, and its acting characters are made visible, by the engine, not by the template.
    """
    style, script = _asset("report.css"), _asset("report.js")
    page: str = _template().render(
        view=view,
        style=Markup(style),
        script=Markup(script),
        sample=Markup(inert(sample)),
        policy=(
            f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
    )
    return page


def inert(data: str) -> str:
    """JSON that no HTML parser can be led astray by: no `<`, `>` or `&` is left to begin a tag, a comment or an entity."""
    for character, escape in _INERT.items():  # many times as fast as `translate` on megabytes
        data = data.replace(character, escape)
    return data


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates", encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=CompiledTemplates(),
    )
    environment.tests["web_address"] = is_web_address
    return environment.get_template("report.html.j2")
