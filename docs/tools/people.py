"""What the tutorial's reader does by hand in the browser, done through the server's API instead."""

from __future__ import annotations

from corpus_kit import Corpus
from corpus_kit.labelstudio.connect import connect
from docs.tools.shell import Shell

SOURCE = "en/04-lantern-festival.txt"


def by_hand(name: str, shell: Shell) -> None:
    """Do what the page asks of its reader. Raises KeyError when nobody knows how."""
    {"label a page": label_a_page}[name](shell)


def label_a_page(shell: Shell) -> None:
    """Open one page of the entities layer, mark one name, submit."""
    corpus = Corpus.open(shell.here)
    title = f"{corpus.config.name}: entities"
    with connect(corpus.data, "") as client:
        (project,) = client.find_projects(title)
        tasks = list(client.list_tasks(project.id))
        task = min(tasks, key=lambda one: str(one["data"]["doc_id"]))
        text = task["data"]["text"]
        start = text.index("Mirrow") if "Mirrow" in text else 0
        value = {"start": start, "end": start + 6, "text": text[start : start + 6], "labels": ["LOC"]}
        result = {"from_name": "label", "to_name": "text", "type": "labels", "id": "one", "value": value}
        client.create_annotation(task["id"], {"result": [result], "lead_time": 41.0})
