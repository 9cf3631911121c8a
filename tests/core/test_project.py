"""corpus.toml is read strictly; an error names the file, the key and what would be accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus_kit.core.config.corpus_toml import ProjectConfig, find_corpus, load_config
from corpus_kit.core.errors import ConfigError, UsageError


def toml(folder: Path, content: str | bytes) -> Path:
    path = folder / "corpus.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load_config(toml(tmp_path, "")) == ProjectConfig()


def test_every_key_has_a_description() -> None:
    pending = [ProjectConfig]
    while pending:
        for name, field in pending.pop().model_fields.items():
            assert field.description, name
            if isinstance(field.annotation, type) and hasattr(field.annotation, "model_fields"):
                pending.append(field.annotation)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    made = load_config(
        toml(
            tmp_path,
            """
            name = "harbour-news"
            version = "1.2.3"
            date = 2031-10-18
            licence = "cc-by-4.0"
            layers = ["entities"]
            [input]
            id_scope = "file"
            max_record_bytes = "2.5 MiB"
            max_file_bytes = 1000
            language = false
            [input.columns]
            text = "body"
            [release]
            meta = ["section"]
            [label_studio]
            url = "http://localhost:8080"
            """,
        )
    )
    assert (made.name, made.version, made.date, made.licence) == ("harbour-news", "1.2.3", "2031-10-18", "cc-by-4.0")
    assert (made.layers, made.release.meta, made.label_studio.url) == (
        ("entities",),
        ("section",),
        "http://localhost:8080",
    )
    assert (made.input.max_record_bytes, made.input.max_file_bytes) == (2_621_440, 1000)
    assert (made.input.id_scope, made.input.language, made.input.columns.text) == ("file", False, "body")
    assert made.input.columns.id == "id"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("nmae = 'abc'", ["unknown key 'nmae'", "Did you mean 'name'?", "licence", "version"]),
        ("[input]\nid_scop = 'file'", ["unknown key 'input.id_scop'", "Did you mean 'id_scope'?", "max_file_bytes"]),
        ("[input.columns]\ntxt = 'body'", ["unknown key 'input.columns.txt'", "Did you mean 'text'?", "published_on"]),
        ("[input]\nid_scope = 'folder'", ["'input.id_scope' is 'folder'", "accepted: 'corpus' or 'file'"]),
        ("[input]\nid_scope = 'flie'", ["accepted: 'corpus' or 'file'", "Did you mean 'file'?"]),
        ("[input.columns]\ntext = ''", ["'input.columns.text'", "name it"]),
        ("[adjudication.layers.stance]\npolicey = 'majority'", ["Did you mean 'policy'?", "min_votes"]),
        ("[[suggest.entities.models]]\nmodle = 'spacy:x'", ["models.model' is missing", "Did you mean 'model'?"]),
        ("[input]\nmax_record_bytes = '5 parsecs'", ["input.max_record_bytes", "'5 parsecs' is not a size", "16 MiB"]),
        ("[input]\nmax_record_bytes = 0", ["input.max_record_bytes", "at least 1 byte"]),
        ("[input]\nmax_record_bytes = 1.5", ["'input.max_record_bytes' is 1.5", "a whole number"]),
        ("[input]\nlanguage = 'yes'", ["'input.language' is 'yes'", "true or false"]),
        ("input = 5", ["'input' is 5", "a table"]),
        ("name = 5", ["'name' is 5", "a string in quotes"]),
        ("name = 'a b c'", ["'name'", "'a b c' is no name", "3 to 96"]),
        ("version = '1.0'", ["'version'", "x.y.z"]),
        ("date = 'yesterday'", ["'date'", "YYYY-MM-DD"]),
        ("date = 2031-10-18T10:00:00", ["'date'", "YYYY-MM-DD"]),
        ("[agreement]\nresamples = -5", ["'agreement.resamples' is -5", "0 or more"]),
        ("[label_studio]\noverlap = 1001", ["'label_studio.overlap' is 1001", "1000 or less"]),
        ("[suggest]\nthreshold = 1.5", ["'suggest.threshold'", "no probability; 0 to 1"]),
        ("[suggest]\nthreshold = nan", ["'suggest.threshold'", "no probability; 0 to 1"]),
        ("[suggest]\nthreshold = true", ["'suggest.threshold' is True", "a number"]),
        ("[split]\ntrain = 1.5\ntest = -0.5", ["'split.train'", "no share; 0 to 1"]),
        ("[split]\ntest_from = 'soon'", ["'split.test_from'", "YYYY-MM-DD"]),
        ("[[suggest.entities.models]]\nmodel = 'spacy:x'\nlanguages = 'en'", ["models.languages", "a list"]),
        ("[agreement]\norders = { tone = 'calm' }", ["agreement.orders.tone", "a list"]),
        ("licence = 'cc0'", ["Did you mean 'cc0-1.0'?"]),
        ("date = 5", ["'date' is 5", "a string"]),
        ("licence = 'CC-BY-40'", ["'licence'", "Did you mean 'cc-by-4.0'?", "'other'"]),
        ("layers = 'entities'", ["'layers' is 'entities'", "a list"]),
        ("layers = ['stance', 'entities', 'stance']", ["'layers'", "'stance' stands there twice"]),
        ("layers = [1]", ["'layers' is 1", "a string in quotes"]),
        ("[release]\nmeta = 'section'", ["'release.meta'", "a list"]),
        ("name = 'abc'\nversion = 'x'\nlicence = 'y'", ["'version'", "'licence'"]),
    ],
)
def test_a_wrong_key_or_value_is_named_with_what_is_accepted(content: str, says: list[str], tmp_path: Path) -> None:
    path = toml(tmp_path, content)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(path) in caught.value.message
    assert [word for word in says if word not in caught.value.message] == []
    assert caught.value.hint and caught.value.exit_code == 2


@pytest.mark.parametrize(("content", "says"), [("name = ", "is not valid TOML"), (b"name = '\xff'", "is not UTF-8")])
def test_a_file_that_is_no_toml_is_named(content: str | bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        load_config(toml(tmp_path, content))
    assert caught.value.hint


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no .*corpus\.toml"):
        load_config(tmp_path / "corpus.toml")


def test_the_corpus_is_the_nearest_folder_above(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    toml(tmp_path / "a", "")
    assert find_corpus(deep) == find_corpus(tmp_path / "a") == tmp_path / "a"
    assert find_corpus(tmp_path) is None or find_corpus(tmp_path) not in deep.parents
