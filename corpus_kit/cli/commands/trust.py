"""`corpus-kit trust`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from corpus_kit.cli.options import corpus_option, json_option
from corpus_kit.cli.output import Output, again, shown_path

FILES_SHOWN = 20
STATES = {"new": "not trusted", "changed": "changed since you trusted it", "trusted": "trusted"}


@click.command("trust")
@click.option("--server", is_flag=True, help="The server that may get LABEL_STUDIO_API_KEY, instead of code.")
@click.option("--plain-http", is_flag=True, help="The key, or texts, may go to another machine unencrypted.")
@click.option("--yes", is_flag=True, help="Trust what is shown without asking.")
@click.option("--forget", is_flag=True, help="Take the trust back.")
@corpus_option
@json_option
def command(server: bool, plain_http: bool, yes: bool, forget: bool, corpus_dir: str | None, as_json: bool) -> int:
    """Show which code of the corpus would run, and allow it; or which server may get your key.

    Code runs only for models in corpus.toml: python:MODULE:CLASS, and the folders of spacy: and transformers: models.
    `build` and `suggest` refuse it until you have read it and allowed it here. Your answer is kept in your own
    configuration folder, with the place of the code and the sha256 of its files: changed code asks again.

    Texts go only to servers of llm: models in corpus.toml, and only after you allowed each of them here.

    --server: a server that only corpus.toml names gets no key before you confirmed it here once. The server of
    LABEL_STUDIO_URL needs no confirmation, but for plain http to another machine.

    Exit code 0: all is trusted. 1: something is not.

    \b
    Examples:
      corpus-kit trust
      corpus-kit trust --yes
      corpus-kit trust --server
      corpus-kit trust --forget
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)

    def confirm(shown: Any) -> bool:
        _show(shown, output)
        if yes or not sys.stdin.isatty():
            return yes
        return click.confirm("Trust it?", default=False, err=True)

    corpus = Corpus.open(corpus_dir or ".")
    found = corpus.trust(server=server, plain_http=plain_http, forget=forget, confirm=confirm)
    if forget or not found.open:
        _show(found, output)
    output.json(asdict(found))
    if forget:
        output.say("Forgotten: it is asked about again.")
        return 0
    if found.open and not found.kept:
        output.say("Nothing was kept.")
        options = "".join(f" {name}" for name, on in (("--server", server), ("--plain-http", plain_http)) if on)
        output.next_step(f"{again(f'trust{options} --yes', corpus_dir)} trusts what is shown here.")
        return 1
    if found.kept:
        output.say("Kept in your configuration folder; a change asks again.")
    output.next_step(f"{again('push' if server else 'build', corpus_dir)} goes on.")
    return 0


def _show(found: Any, output: Output) -> None:
    """What was asked about (`Trust`)."""
    if found.server is not None:
        told = "gets the key" if found.server.trusted else "gets no key before you trust it"
        plain = ", without encryption" if found.server.plain_http else ""
        output.table(
            [(found.server.origin, found.server.named_by, f"{told}{plain}")], header=("server", "named by", "")
        )
        return
    if found.readers:
        sent = [
            (r.origin, ", ".join(r.models), "is sent texts" if r.trusted else "is sent nothing before you trust it")
            for r in found.readers
        ]
        output.table(sent, header=("server", "models", ""))
    if not found.models:
        output.say("This corpus names no code: nothing of it runs.")
        return
    rows = [(m.model, shown_path(Path(m.place)), len(m.files), m.sha256[:12], STATES[m.state]) for m in found.models]
    output.table(rows, header=("model", "code", "files", "sha256", "state"))
    for model in found.models:
        for file in model.files[1 : FILES_SHOWN + 1]:
            output.say(f"{model.model} also loads {shown_path(Path(file))}")
        if len(model.files) > FILES_SHOWN + 1:
            output.say(f"{model.model} also loads {len(model.files) - FILES_SHOWN - 1:,} files more.")
