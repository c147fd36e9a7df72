from __future__ import annotations

from pathlib import Path

import pytest

from studio.workspace import Workspace
from tests.generate.studio_run import Bench


@pytest.fixture
def bench(workspace: Workspace, tiny: Path) -> Bench:
    return Bench(workspace, tiny)
