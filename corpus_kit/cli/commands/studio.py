"""`corpus-kit studio`."""

from __future__ import annotations

import sys

import click

from corpus_kit.cli.options import corpus_option, json_option
from corpus_kit.cli.output import ConsoleProgress, Output, again


@click.command("studio")
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="The port to serve on; by default a free one.")
@corpus_option
@json_option
def command(port: int | None, corpus_dir: str | None, as_json: bool) -> None:
    """A private Label Studio on this machine, with a project for every layer. It serves until Ctrl-C.

    On first use Label Studio is installed into an environment of its own in your cache folder. Nothing leaves the
    machine; projects and login are kept in data/studio. While it runs, push, pull and status find it by themselves;
    a second `studio` prints its address and login once more.

    \b
    Example:
      corpus-kit studio            in one terminal, then in another
      corpus-kit push
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    studio = Corpus.open(corpus_dir or ".").studio(port=port, progress=ConsoleProgress())
    with studio:
        login = studio.server.login
        projects = {layer: f"{studio.url}/projects/{p.id}/data" for layer, p in studio.projects.items()}
        output.table([("address", studio.url), ("e-mail", login.email), ("password", login.password)])
        output.table([*projects.items()], header=("layer", "project"))
        output.json({"url": studio.url, "email": login.email, "password": login.password, "projects": projects})
        if not studio.server.owned:
            output.say("It runs already: another terminal keeps it, and Ctrl-C there stops it.")
            return
        output.say("It runs until Ctrl-C.")
        output.next_step(f"{again('push', corpus_dir)} in another terminal brings the documents there.")
        sys.stdout.flush()
        studio.wait()
    output.say("Stopped; everything is kept.")
