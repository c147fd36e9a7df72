"""Sizes: ‖W₀‖ of a base's layers, measured once and remembered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection

from studio.adapters.base_files import BaseFiles
from studio.adapters.layers import Layer
from studio.adapters.workbench.loose import Progress
from studio.models.opening import base_hash
from studio.workspace import Workspace, writing


class Sizes:
    """Those of one base."""

    def __init__(self, files: BaseFiles, workspace: Workspace) -> None:
        told = f"{files.source.location} {base_hash(files.source, workspace)}"
        name = hashlib.sha256(told.encode()).hexdigest()[:32]
        self._files, self._record = files, workspace.cache / "sizes" / f"{name}.json"
        try:
            known = json.loads(self._record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        self._known: dict[str, float] = known if isinstance(known, dict) else {}

    def measure(self, layers: Collection[Layer], watch: Progress) -> None:
        """Measure those that were never measured."""
        lacking = [layer for layer in layers if _key(layer) not in self._known]
        for number, layer in enumerate(lacking):
            watch(number, len(lacking))
            self._known[_key(layer)] = float(self._files.weight(layer).float().norm())
        if lacking:
            with writing(self._record) as file:
                json.dump(self._known, file)

    def of(self, layer: Layer) -> float:
        """‖W₀‖ of a layer that was measured."""
        return self._known[_key(layer)]


def _key(layer: Layer) -> str:
    return f"{layer.part} {layer.path} {layer.parameter}"
