"""The wheel: what is in it, and that it works where nothing of the repository is."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    # Without isolation: the build backend is here already, and no test asks a package registry.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(REPOSITORY)]
    subprocess.run(command, check=True, capture_output=True)
    return next(target.glob("*.whl"))


def test_the_wheel_holds_the_package_and_its_template_only(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {t for t in tops if not t.endswith(".dist-info")} == {"corpus_kit"}
    for wanted in ("schemas/documents.yaml", "annotation/entities/config.xml", "corpus.toml", "DATASET_CARD.md"):
        assert f"corpus_kit/template/{wanted}" in names
    for wanted in ("report.css", "report.js", "templates/report.html.j2"):
        assert f"corpus_kit/report/{wanted}" in names
    assert not [n for n in names if "/tests/" in n or n.endswith((".txt.gz", ".ipynb"))]
    assert "corpus_kit/py.typed" in names


def test_the_installed_wheel_makes_a_corpus_and_builds_it(wheel: Path, tmp_path: Path) -> None:
    """An empty environment gets the wheel; its dependencies are lent by path, so that the test needs no registry."""
    environment = tmp_path / "env"
    venv.create(environment, with_pip=False)
    site = next((environment / "lib").glob("python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    lent = [p for p in sys.path if p.endswith("site-packages")]
    # Only the dependencies: the repository itself, installed in editable mode, must not shine through.
    (site / "lent.pth").write_text("\n".join(lent) + "\n")
    finder = "import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in repr(f).lower()]"
    (site / "zz_no_editable.pth").write_text(finder + "\n")
    python = environment / "bin" / "python"
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "COV_"))}

    def run(*arguments: str) -> str:
        command = [str(python), "-m", "corpus_kit", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = subprocess.run(
        [str(python), "-c", "import corpus_kit; print(corpus_kit.__file__)"],
        cwd=tmp_path, env=clean, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(environment) in where.stdout, "the wheel is what runs"
    run("init", "mine")
    (tmp_path / "mine" / "data" / "raw" / "page.txt").write_text("A page about the lighthouse.\n", encoding="utf-8")
    assert "documents" in run("build", "--corpus", "mine")
    assert (tmp_path / "mine" / "data" / "release" / "README.md").is_file()
    assert (tmp_path / "mine" / "data" / "report" / "report.html").is_file()
    assert "All is well" not in run("validate", "--corpus", "mine"), "words go to stderr, data to stdout"
