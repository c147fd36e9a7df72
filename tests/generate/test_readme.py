from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import studio.generate
from studio.workspace import Workspace

README = Path(studio.generate.__file__).with_name("README.md")


def test_the_example_in_the_docs_runs(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_WORKSPACE", str(workspace.root))
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in code.splitlines() if line]) <= 20
    made: dict[str, Path] = {}
    exec(code, made)
    second, again, larger = (Image.open(made[name]) for name in ("second", "again", "larger"))
    assert np.array_equal(np.asarray(second), np.asarray(again))
    assert larger.size == (2 * second.width, 2 * second.height) and made["larger"].suffix == ".webp"
