"""What can be wrong with something that was checked: the closed list of finding codes, a sentence and a next step each.

A code stays the same for the same fault. `validate`, `verify`, `publish`, `push`, `restore` and `doctor` report with these
codes only; documentation is made from this list. A new one is one line here, and `Finding` takes it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FindingCode:
    """One kind of fault: `code` (stable), `meaning` (one sentence), `hint` (what the user can do).

    A finding has a sentence of its own, with the figures and names of its place; this one says what all of them mean.
    """

    code: str
    meaning: str
    hint: str


_TABLES = (
    FindingCode("no_manifest", "The manifest of a folder is missing or damaged.", "Remove the folder and build again."),
    FindingCode("missing_file", "A file that the manifest lists is not there.", "Build again."),
    FindingCode("unlisted_file", "A file is there that the manifest does not list.", "Remove it."),
    FindingCode("changed_file", "A file is not what was written.", "Remove its folder and build again."),
    FindingCode("unreadable_file", "A file cannot be read as Parquet.", "Remove its folder and build again."),
    FindingCode("contract", "A row fails its table's contract.", "Correct the input or the contract in `schemas/`."),
    FindingCode("contract_outdated", "A contract is older than this version's.", "Run `corpus-kit doctor --upgrade`."),
    FindingCode("repeated_key", "Two files of a table hold the same key.", "Build again."),
    FindingCode("wrong_hash", "A hash is not that of its text.", "Build again."),
    FindingCode("wrong_count", "A number of rows or characters is not what there is.", "Build again."),
    FindingCode("wrong_offsets", "The text at the offsets is not what the row says.", "Build again."),
    FindingCode("wrong_cluster", "A cluster of copies is not named after its smallest document.", "Build again."),
    FindingCode("unknown_document", "A row is about a document that is not in the table of documents.", "Build again."),
    FindingCode("unknown_text", "A row is about a text that no table holds.", "Build again."),
    FindingCode("unknown_annotation", "A row belongs to an annotation that is not there.", "Build again."),
    FindingCode("unknown_reason", "A rejected row has a reason that is not in the list.", "Build again."),
    FindingCode("stale_release", "The release was made from other documents.", "Build again."),
    FindingCode(
        "leak_cluster", "Copies of each other are in different splits.", "Build again, or correct `splits.csv`."
    ),
    FindingCode(
        "leak_publisher",
        "`split.group_by` keeps publishers together, and one is in several splits.",
        "Build again, or correct `splits.csv`.",
    ),
    FindingCode("leak_period", "A document is later than its split allows.", "Correct `splits.csv`."),
)
"""What `validate` and `doctor` report of the tables of a corpus."""

_LAYERS = (
    FindingCode("unknown_tag", "The labeling config has a tag that is not known.", "Correct its name in `config.xml`."),
    FindingCode("unknown_control", "A control is not known, or is not there.", "Correct its name in `config.xml`."),
    FindingCode(
        "payload_only_control",
        "No table has a column for the answers of this control; they stay in `payload`.",
        "Leave it, or use another control.",
    ),
    FindingCode("repeater", "The server drops suggestions inside a Repeater.", "Write one block for each item."),
    FindingCode("stray_label", "A label is outside every control, so no one can choose it.", "Move it into a control."),
    FindingCode("condition_names_nothing", "A condition names a tag that is not there.", "Correct `whenTagName`."),
    FindingCode(
        "unknown_task_field", "The config shows a field that tasks do not carry.", "Use a field that the message names."
    ),
    FindingCode("object_changed", "What annotators look at has changed or is gone.", "Put it back into `config.xml`."),
    FindingCode("control_removed", "A control is gone that has answers.", "Put it back into `config.xml`."),
    FindingCode("control_type_changed", "A control has another type now.", "Give the new control a name of its own."),
    FindingCode(
        "control_scope_changed",
        "A control moved between the whole document and single spans.",
        "Give the new control a name of its own.",
    ),
    FindingCode("control_object_changed", "A control is about other objects now.", "Put the old `toName` back."),
    FindingCode(
        "control_narrowed", "A control allowed several answers and allows one now.", 'Put `choice="multiple"` back.'
    ),
    FindingCode(
        "label_removed",
        "A label is gone that has answers.",
        "Put it back; a label that is renamed keeps its old name as `alias`.",
    ),
    FindingCode("example_unreadable", "An example in the guidelines cannot be read.", "Write it as the message shows."),
    FindingCode(
        "example_label_missing", "An example names a label or question the layer lacks.", "See its `config.xml`."
    ),
    FindingCode(
        "example_document_missing", "An example names a document that is not there.", "Name its source or doc_id."
    ),
    FindingCode(
        "example_words_differ", "Other words are at the example's place.", "Move it, or take the text's words."
    ),
    FindingCode(
        "example_contradicts_gold", "Gold says otherwise than an example.", "Correct the guidelines or the gold."
    ),
)
"""What `push` and `doctor` report of a layer's labeling config."""

_SERVER = (
    FindingCode("server", "The server refuses a task or an annotation.", "The message says why; correct the document."),
    FindingCode("too_large", "A document is larger than the server takes.", "Split it."),
    FindingCode("lone_surrogate", "A text holds half of a surrogate pair, which no page can show.", "Fix the source."),
    FindingCode("other_text", "Something was made on another text of its document.", "Run `corpus-kit build`."),
    FindingCode("unknown_label", "The config has no such label.", "Put the label into `config.xml`."),
    FindingCode("bad_offsets", "Offsets are no place in the text, or the words there are others.", "Build again."),
    FindingCode("not_shown", "The config has no place for a part of an answer.", "Put the control into `config.xml`."),
    FindingCode(
        "no_task", "No document has the text that an annotation was made on.", "Put the page back into `data/raw`."
    ),
)
"""What `push`, `restore` and `adjudicate --push` did not send, and why."""

_RELEASE = (
    FindingCode("seal_broken", "The manifest of a release was changed.", "Get the release again."),
    FindingCode("root_differs", "The documents are not those that the manifest names.", "Get the release again."),
    FindingCode("file_missing", "A file that the manifest names is not there.", "Get the release again."),
    FindingCode("file_changed", "A file is not what the release was made with.", "Get the release again."),
    FindingCode("file_unknown", "A file is there that the manifest does not name.", "Remove it."),
    FindingCode("file_unreadable", "A data file cannot be read.", "Get the release again."),
    FindingCode("columns_differ", "A data file has other columns than the manifest names.", "Get the release again."),
    FindingCode("rows_differ", "A data file has another number of rows.", "Get the release again."),
    FindingCode("content_differs", "The rows of a data file are others.", "Get the release again."),
    FindingCode("config_missing", "The card does not declare a configuration.", "Get the release again."),
    FindingCode("card_unreadable", "The head of the card cannot be read.", "Get the release again."),
    FindingCode("figure_wrong", "A figure of the card or the manifest is not what the rows say.", "Tell its authors."),
    FindingCode("doc_id_twice", "Two documents have one `doc_id`.", "Tell the authors of the release."),
    FindingCode("text_changed", "A text is not the one that its hash names.", "Get the release again."),
    FindingCode(
        "offset_wrong", "Offsets are no place in the text, or the words there are others.", "Tell its authors."
    ),
    FindingCode("split_differs", "A row is in another split than its document.", "Tell the authors of the release."),
    FindingCode("split_leak", "Equal or near-equal documents are in different splits.", "Tell its authors."),
    FindingCode("placeholder", "The card still has a question of the template.", "Write the answer in its place."),
    FindingCode("licence_missing", "The release has no licence.", "Name a licence in `corpus.toml` or on the card."),
    FindingCode("address", "A release holds an annotator's e-mail address.", "Build again with pseudonyms."),
)
"""What `verify` finds in a release, and `publish` before it publishes one."""

FINDINGS: dict[str, FindingCode] = {one.code: one for one in (*_TABLES, *_LAYERS, *_SERVER, *_RELEASE)}
FINDING_GROUPS: dict[str, tuple[FindingCode, ...]] = {
    "Tables and contracts": _TABLES,
    "Labeling configs": _LAYERS,
    "What is not sent": _SERVER,
    "Releases": _RELEASE,
}
"""Heading of the reference → its codes."""
