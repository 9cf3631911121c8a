"""Small tasks and results that the tests of this folder share."""

from __future__ import annotations

from typing import Any

from corpus_kit.labelstudio.api.batches import pack
from corpus_kit.labelstudio.api.client import LabelStudioClient, Project

CONFIG = """<View>
  <Labels name="label" toName="text"><Label value="PERSON"/><Label value="ORG"/></Labels>
  <Choices name="tone" toName="text"><Choice value="plain"/><Choice value="angry"/></Choices>
  <Text name="text" value="$text"/>
</View>"""
TEXT = "Zoë 🚀 met ACME.\r\nمرحبا"


def task(doc_id: str, **more: Any) -> dict[str, Any]:
    return {"data": {"doc_id": doc_id, "text": TEXT, "text_sha256": "0" * 64}, **more}


def span(start: int = 0, end: int = 3, label: str = "PERSON", **more: Any) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": [label]}
    return {"id": f"r{start}", "from_name": "label", "to_name": "text", "type": "labels", "value": value, **more}


def put(client: LabelStudioClient, project: Project, *tasks: dict[str, Any]) -> list[int]:
    return [i for batch in pack(tasks) for i in client.import_batch(project.id, batch)]
