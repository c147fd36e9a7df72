"""What a person is told beside the captioner that is chosen."""

from __future__ import annotations

import pytest

from studio.caption.settings import CAPTIONERS
from studio.ui.tabs.caption import about


@pytest.mark.parametrize("name", [entry.name for entry in CAPTIONERS])
def test_only_the_miniatures_warn_of_photographs_and_lead_to_the_others(name: str) -> None:
    told = about(name, "")
    assert ("For photographs" in told) == ('data-opens="caption-captioner"' in told) == ("pocket" in name)
