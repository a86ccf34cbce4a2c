"""The documentation as a site: the Markdown pages of the project as they are, and reference pages from code.

`make docs` runs Sphinx with this file over the whole project, so that pages link to each other as they do in
a checkout. A warning is an error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import moderation  # noqa: E402

project = "moderation"
author = "The moderation maintainers"
copyright = f"{author}, Apache-2.0"
version = release = moderation.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "commands"]
include_patterns = [
    "docs/*.md",
    "docs/reference/*.md",
    "datasets/README.md",
    "benchmarks/README.md",
    "models/*/MODEL_CARD.md",
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
]
root_doc = "docs/index"
html_theme = "furo"
html_title = f"moderation {release}"
html_copy_source = False
html_show_sourcelink = False

# Anchors of headings as code hosts make them, so that one link works in both places.
myst_heading_anchors = 3
myst_enable_extensions = ["strikethrough"]
# Some pages are reached from the index by their links, not by a table of contents.
# Attributes of one name in several classes are no fault of a page that names one of them.
suppress_warnings = ["myst.strikethrough", "toc.not_included", "ref.python"]

autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
default_role = "literal"
# A build with the same sources gives the same pages.
html_last_updated_fmt = None
today = os.environ.get("SOURCE_DATE", " ")
