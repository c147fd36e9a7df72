"""An opened base with all that is kept warm from picture to picture."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from studio.adapters.blocks import factors_by_layer, mask
from studio.adapters.layers import Layer
from studio.adapters.library import find_adapters
from studio.adapters.library_memory import remember_weights
from studio.adapters.mixing import Mixer, Portion
from studio.adapters.naming import layer_table
from studio.adapters.originals import InFiles, Originals
from studio.adapters.reading import Adapter, read_adapter
from studio.generate.rows import one_by_one
from studio.generate.settings import Mix
from studio.generate.stepping import Stepping
from studio.jobs.context import Context
from studio.models.source import Source, resolve
from studio.workspace import Workspace

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Conditioning, Model

ADAPTERS_KEPT, PROMPTS_KEPT = 8, 64
SPARE = 2**30  # bytes of memory that stay free beside the copies of weights
Value = TypeVar("Value")


class Opened:
    """A model, the mix in its weights, the adapters that were read for it and the prompts it has encoded."""

    def __init__(self, base: str, title: str, model: Model, originals: Originals | None = None) -> None:
        self.base, self.title, self.model = base, title, model
        if model.place is not None:  # a card on which the parts take turns has no room to spare
            one_by_one(model.denoiser)
        self.pipeline = model.pipeline()
        self.scheduler_config = self.pipeline.scheduler.config
        self.table, self._mixer = layer_table(model), Mixer(model, originals)
        self.kept: dict[str, object] = {}  # what others make for this base, and lose with it
        self._mixes: Sequence[Mix] = ()
        self._portions: list[Portion] = []
        self._adapters: Recent[Adapter] = Recent(ADAPTERS_KEPT)
        self._prompts: Recent[Conditioning] = Recent(PROMPTS_KEPT)

    def mix(self, workspace: Workspace, mixes: Sequence[Mix], *, remember: bool = True) -> list[Adapter]:
        """Make the weights those of this mix; all adapters are read before the first weight is changed.

        Raises `AdapterError` for one that is not there, damaged, or made for another base, and
        `SettingsError` for blocks that the base does not have. The weights are remembered as those used last.
        """
        self._adapters.limit = max(ADAPTERS_KEPT, len(mixes))
        cards = find_adapters(workspace, [mix.name for mix in mixes]) if mixes else []
        adapters = [self.read(card.path, anyway=mix.anyway) for card, mix in zip(cards, mixes, strict=True)]
        heard = audible(mixes)
        self._mixes, self._portions = (
            mixes,
            [self._portion(adapter, mix, mix in heard) for adapter, mix in zip(adapters, mixes, strict=True)],
        )
        self._mixer.apply(self._portions)
        used = {card.path: mix.weight for card, mix in zip(cards, mixes, strict=True) if mix in heard}
        if remember:
            remember_weights(workspace, used)
        return adapters

    def apply(self, portions: Sequence[Portion]) -> None:
        """Make the weights those of this mix, of adapters that need not be in the library."""
        self._mixes, self._portions = [Mix(name=each.adapter.name) for each in portions], [*portions]
        self._mixer.apply(self._portions)

    def original(self, layer: Layer) -> Tensor:
        """W₀ of a layer, as it was before any mix."""
        return self._mixer.original(layer)

    def stepping(self, method: str, steps: int) -> Stepping:
        """The mix of each step of a picture."""
        return Stepping(self._mixer, self._portions, self._mixes, method=method, steps=steps)

    @property
    def status(self) -> str:
        """What a person should know of how the mix is made; empty where there is nothing."""
        return self._mixer.originals.status

    def _portion(self, adapter: Adapter, mix: Mix, heard: bool) -> Portion:
        if not heard:
            return Portion(adapter, 0.0)
        weights = mask(mix.blocks, self.table.layers)
        plain = set(weights.values()) == {1.0}
        blocks = {} if plain else factors_by_layer(weights, adapter.changes)
        return Portion(adapter, mix.weight, mix.text, blocks, mix.role)

    def encode(self, prompt: str, *, clip_skip: int = 0) -> Conditioning:
        """The conditioning of one prompt under the mix as it is; encoded only once."""
        key = (prompt, clip_skip, self._mixer.text_mix)
        known = self._prompts.get(key)
        if known is None:
            known = self.model.encode_prompts([prompt], clip_skip=clip_skip)
            self._prompts.keep(key, known)
        return known

    def read(self, path: Path, *, anyway: bool = False) -> Adapter:
        """An adapter file for this base; one that was written anew is read anew."""
        status = path.stat()
        key = (path, status.st_size, status.st_mtime_ns, anyway)
        known = self._adapters.get(key)
        if known is None:
            known = read_adapter(path, self.table, anyway=anyway)
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


class Warm:
    """The one base that this process keeps open, whatever kind of job asks for it."""

    def __init__(self) -> None:
        self._opened: Opened | None = None

    def open(self, base: str, workspace: Workspace, context: Context, *, storage: str = "plain") -> Opened:
        """The base as it is, or opened now, once the one before it has given its memory back."""
        if self._opened is None or (self._opened.base, self._opened.model.storage) != (base, storage):
            context.progress(0, 0, "Opening the base model")
            self.close()
            self._opened = open_base(base, workspace, context, storage=storage)
        return self._opened

    def close(self) -> None:
        """Let go of it."""
        import torch

        self._opened = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


WARM = Warm()


def open_base(base: str, workspace: Workspace, context: Context, *, storage: str = "plain") -> Opened:
    """Open the base that a person chose; raises `ModelError`, `Offline`."""
    from studio.models.opening import open_model

    model = open_model(base, workspace, storage=storage, context=context)
    source = resolve(base, workspace)
    return Opened(base, source.title, model, _originals(source, model))


def audible(mixes: Sequence[Mix]) -> list[Mix]:
    """Those that are heard: of the ones that are on and not muted, those on solo if there are any."""
    heard = [mix for mix in mixes if mix.on and not mix.mute]
    return [mix for mix in heard if mix.solo] or heard


def _originals(source: Source, model: Model) -> Originals | None:
    """Copies of the weights, unless the machine's memory would be too full with them."""
    import psutil

    weights = sum(each.numel() * each.element_size() for each in model.denoiser.parameters())
    short = psutil.virtual_memory().available < weights + SPARE
    return InFiles(source.path) if short and source.kind == "folder" else None
