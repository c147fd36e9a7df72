"""An opened base with all that is kept warm from picture to picture."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from studio.adapters.library import Card, find_adapter
from studio.adapters.mixing import Mixer, Portion
from studio.adapters.naming import layer_table
from studio.adapters.reading import Adapter, read_adapter
from studio.generate.settings import Mix
from studio.jobs.context import Context
from studio.models.source import resolve
from studio.workspace import Workspace

if TYPE_CHECKING:
    from studio.families._base import Conditioning, Model

ADAPTERS_KEPT, PROMPTS_KEPT = 8, 64
Value = TypeVar("Value")


class Opened:
    """A model, the mix in its weights, the adapters that were read for it and the prompts it has encoded."""

    def __init__(self, base: str, title: str, model: Model) -> None:
        self.base, self.title, self.model = base, title, model
        self.pipeline = model.pipeline()
        self.scheduler_config = self.pipeline.scheduler.config
        self._table, self._mixer = layer_table(model), Mixer(model)
        self._adapters: Recent[Adapter] = Recent(ADAPTERS_KEPT)
        self._prompts: Recent[Conditioning] = Recent(PROMPTS_KEPT)

    def mix(self, workspace: Workspace, mixes: Sequence[Mix]) -> list[Adapter]:
        """Make the weights those of this mix; all adapters are read before the first weight is changed.

        Raises `AdapterError` for one that is not there, damaged, or made for another base.
        """
        self._adapters.limit = max(ADAPTERS_KEPT, len(mixes))
        adapters = [self._read(find_adapter(workspace, mix.name)) for mix in mixes]
        self._mixer.apply(
            [Portion(adapter, mix.weight, mix.text) for adapter, mix in zip(adapters, mixes, strict=True)]
        )
        return adapters

    def encode(self, prompt: str) -> Conditioning:
        """The conditioning of one prompt under the mix as it is; encoded only once."""
        key = (prompt, self._mixer.text_mix)
        known = self._prompts.get(key)
        if known is None:
            known = self.model.encode_prompts([prompt])
            self._prompts.keep(key, known)
        return known

    def _read(self, card: Card) -> Adapter:
        """A file that was written anew is read anew."""
        key = (card.path, card.size_bytes, card.modified)
        known = self._adapters.get(key)
        if known is None:
            known = read_adapter(card.path, self._table)
            self._adapters.keep(key, known)
        return known


class Recent(Generic[Value]):
    """The values that were used last, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._values: OrderedDict[object, Value] = OrderedDict()

    def get(self, key: object) -> Value | None:
        """The value, now the latest, if it is kept."""
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def keep(self, key: object, value: Value) -> None:
        """Keep the value and let go of the one unused for longest."""
        self._values[key] = value
        if len(self._values) > self.limit:
            self._values.popitem(last=False)


def open_base(base: str, workspace: Workspace, context: Context) -> Opened:
    """Open the base that a person chose; raises `ModelError`, `Offline`."""
    from studio.models.opening import open_model

    return Opened(base, resolve(base, workspace).title, open_model(base, workspace, context=context))
