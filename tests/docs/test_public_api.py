"""Public names keep their signatures: a change is seen, and made on purpose."""

from __future__ import annotations

from pages import page
from public_api import MODULES, SNAPSHOT, lines

import moderation


def test_public_names_are_as_they_were() -> None:
    stated, found = SNAPSHOT.read_text("utf-8").splitlines(), list(lines())
    gone = [line for line in stated if line not in found]
    new = [line for line in found if line not in stated]
    assert (gone, new) == ([], []), (
        "the public API differs from tests/docs/public_api.txt; CONTRIBUTING.md says how names are changed, "
        "and `make api` accepts the change"
    )


def test_the_package_offers_what_is_stable() -> None:
    assert {*MODULES["moderation"], "__version__"} == set(moderation.__all__)


def test_every_stable_name_is_listed() -> None:
    text = page("docs/api.md")
    for module, names in MODULES.items():
        for name in names:
            assert f"`{name}" in text or f"`{module}.{name}" in text, f"{module}.{name}"
