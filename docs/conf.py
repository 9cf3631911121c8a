"""The documentation site: Sphinx with MyST and Furo. `make docs` builds it into docs/_build/html, warnings are errors.

Nothing is fetched when it is built, and the made pages ask no other machine for anything: no fonts, scripts or badges
from elsewhere (tests/docs/test_site.py).
"""

from __future__ import annotations

from pathlib import Path

from corpus_kit import __version__

project = "corpus-kit"
author = "the corpus-kit authors"
project_copyright = "the corpus-kit authors, Apache-2.0"
version = release = __version__

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "tools"]
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["myst.header"]
pygments_style = "friendly"
pygments_dark_style = "github-dark"
highlight_language = "text"

html_theme = "furo"
html_title = f"corpus-kit {version}"
html_static_path = [str(Path("_static"))]
html_css_files = ["corpus-kit.css"]
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None
smartquotes = False
