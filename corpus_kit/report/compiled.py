"""Compiled templates, from one command to the next: compiling them takes longer than filling them in."""

from __future__ import annotations

from importlib import metadata

from jinja2.bccache import Bucket, BytecodeCache

from corpus_kit.core.user_cache import keep_bytes, read_kept

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
