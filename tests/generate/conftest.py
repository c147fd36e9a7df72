from __future__ import annotations

from pathlib import Path

import pytest

from studio.families._base import Model
from studio.models.opening import open_model
from studio.workspace import Workspace
from tests.generate.studio_run import Bench
from tests.tiny import write_tiny_pipeline


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_pipeline(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


@pytest.fixture
def model(tiny: Path, workspace: Workspace) -> Model:
    return open_model(str(tiny), workspace)


@pytest.fixture
def bench(workspace: Workspace, tiny: Path) -> Bench:
    return Bench(workspace, tiny)
