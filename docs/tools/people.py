"""What the tutorial's reader does by hand in the browser, done through the server's API instead."""

from __future__ import annotations

from corpus_kit import Corpus
from corpus_kit.labelstudio.server.connect import connect
from docs.tools.shell import Shell


def by_hand(name: str, shell: Shell) -> None:
    """Do what the page asks of its reader. Raises KeyError when no one knows how."""
    {"label a page": label_a_page}[name](shell)


def label_a_page(shell: Shell) -> None:
    """Open the lantern festival in the entities project, mark one name in it, submit."""
    corpus = Corpus.open(shell.here)
    with connect(corpus.data, "") as client:
        (project,) = client.find_projects(f"{corpus.config.name}: entities")
        task = next(task for task in client.tasks(project.id) if "Lantern Night" in task["data"]["text"])
        text = task["data"]["text"]
        start = text.index("Lantern Night")
        value = {"start": start, "end": start + len("Lantern Night"), "labels": ["EVENT"]}
        mark = {"id": "m1", "from_name": "entities", "to_name": "text", "type": "labels", "value": value}
        work = {"result": [mark], "lead_time": 41.0, "unique_id": "5f0c9a4e-3c1d-4f7b-9a57-0d2c6b1e8f43"}
        client.create_annotation(int(task["id"]), work)
