"""Networks that peft puts into a model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MethodType
from typing import TYPE_CHECKING, Any

from studio.adapters.factors import Delta
from studio.adapters.naming import DENOISER
from studio.errors import SettingsError
from studio.networks._base import Attached, Network, NetworkSettings
from studio.networks._ranks import Ranks
from studio.networks._targets import chosen_layers, is_packed, layers_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    from studio.families._base import Family, Model

ADAPTER = "studio"  # peft's name for it
Tuned = dict[str, dict[str, Any]]
"""peft's layers, by part of the model and path."""


class PeftNetwork(Network):
    """A network of one of peft's kinds: how it is configured, and what its layers amount to."""

    initializations: tuple[str, ...] = ("usual",)
    """The settings' beginnings that it knows."""
    on_quantised: bool = True
    """Whether peft can put it beside layers whose weights are packed."""

    @abstractmethod
    def config(self, ranks: Ranks, settings: NetworkSettings) -> Any:
        """peft's configuration, without the layers it is for."""

    @abstractmethod
    def read(self, layer: Any) -> Delta:
        """What one of peft's layers changes, as copies in float32."""

    def prepare(self, layer: Any) -> None:
        """Make ready a fresh layer whose weights are in float32 by now."""

    def attach(self, model: Model, settings: NetworkSettings) -> Attached:
        """Put peft's layers in place of the chosen ones."""
        if settings.initialization not in self.initializations:
            raise SettingsError(
                f"Beginning of a LoRA: “{settings.initialization}” does not go with {self.title}",
                remedy=f"Choose from: {', '.join(self.initializations)}.",
                field="initialization",
            )
        tuned, notes = {}, []
        for part, module in _parts(model, settings).items():
            tuned[part], note = self._put_into(module, model.family, part, settings)
            notes += [note] if note else []
        attached = self.attached(tuned, settings)
        attached.notes = tuple(notes)
        return attached

    def _put_into(
        self, module: nn.Module, family: Family, part: str, settings: NetworkSettings
    ) -> tuple[dict[str, Any], str]:
        """peft's fresh layers by path, and what to say of them."""
        shapes = layers_of(module)
        paths = chosen_layers(family, part, shapes, blocks=settings.blocks, wide=self.wide)
        if not self.on_quantised and is_packed(module, paths):
            raise SettingsError(
                f"Network: {self.title} does not go with a quantised base",
                remedy="Choose LoRA or DoRA, or open the base in full precision.",
                field="network",
            )
        ranks = Ranks.of({path: shapes[path] for path in paths}, settings)
        layers = _inject(module, self.config(ranks, settings), paths)
        for layer in layers.values():
            for _, weight in weights_of(layer):
                weight.data = weight.data.float()  # in half precision it hardly learns
            self.prepare(layer)
        return layers, ranks.note(len(paths))

    def attached(self, tuned: Tuned, settings: NetworkSettings) -> Attached:
        """What `attach` returns for these layers."""
        return AttachedPeft(self, tuned)


class AttachedPeft(Attached):
    """peft's layers in a model."""

    def __init__(self, network: PeftNetwork, tuned: Tuned) -> None:
        self.network, self.tuned = network, tuned
        named = {
            name: (part, weight)
            for part, layers in tuned.items()
            for path, layer in layers.items()
            for name, weight in _named(part, path, layer)
        }
        self.weights = {name: weight for name, (_, weight) in named.items() if weight.requires_grad}
        self.fixed = {name: weight for name, (_, weight) in named.items() if not weight.requires_grad}
        self.text_weights = {
            name: weight for name, weight in self.weights.items() if named[name][0] != DENOISER
        }

    def factors(self) -> dict[str, Delta]:
        """Of the denoiser."""
        return {path: self.read(layer) for path, layer in self.tuned[DENOISER].items()}

    def text_factors(self) -> dict[str, dict[str, Delta]]:
        """Of the text encoders."""
        return {
            part: {path: self.read(layer) for path, layer in layers.items()}
            for part, layers in self.tuned.items()
            if part != DENOISER
        }

    def read(self, layer: Any) -> Delta:
        """What was learned of one layer."""
        return self.network.read(layer)

    @property
    def layers(self) -> list[Any]:
        """peft's layers of all parts."""
        return [layer for layers in self.tuned.values() for layer in layers.values()]

    @contextmanager
    def off(self) -> Iterator[None]:
        """peft switches whole layers, and with them what is trained of them."""
        trained = {name: weight.requires_grad for name, weight in self.weights.items()}
        for layer in self.layers:
            layer.enable_adapters(False)
        try:
            yield
        finally:
            for layer in self.layers:
                layer.enable_adapters(True)
            for name, weight in self.weights.items():
                weight.requires_grad_(trained[name])
            for each in self.fixed.values():
                each.requires_grad_(False)


def weights_of(layer: Any) -> Iterator[tuple[str, nn.Parameter]]:
    """The network's own weights in one of peft's layers, by role."""
    for role in layer.adapter_layer_names:
        held = getattr(layer, role)
        if ADAPTER in held:
            each: Any = held[ADAPTER]
            yield role, getattr(each, "weight", each)  # of a module, or a parameter itself


def compute_as_asked(layer: Any) -> None:
    """Let one of peft's LoRA layers compute in its input's precision, while its weights stay in float32.

    As autocast does, but nothing is kept twice: peft's own way keeps the input in float32 for each of
    the layers that read it, which is half the memory of a block's backward pass.
    """
    layer.cast_input_dtype_enabled = False
    for role in ("lora_A", "lora_B"):
        module = getattr(layer, role)[ADAPTER]
        module.forward = MethodType(_answer_as_asked, module)


def _answer_as_asked(module: Any, given: Tensor) -> Tensor:
    from torch.nn.functional import linear

    weight = module.weight.to(given.dtype)
    answer: Tensor = module._conv_forward(given, weight, None) if weight.ndim == 4 else linear(given, weight)
    return answer


def copied(tensor: Tensor) -> Tensor:
    """A copy in float32 that no training changes."""
    return tensor.detach().float().clone()


def _named(part: str, path: str, layer: Any) -> Iterator[tuple[str, nn.Parameter]]:
    place = path if part == DENOISER else f"{part}.{path}"
    for role, weight in weights_of(layer):
        yield f"{place}.{role}", weight


def _parts(model: Model, settings: NetworkSettings) -> Mapping[str, nn.Module]:
    text = model.text_encoders if settings.text_learning_rate else {}
    return {DENOISER: model.denoiser, **text}


def _inject(module: nn.Module, config: Any, paths: list[str]) -> dict[str, Any]:
    """peft's layers by path, in the order of `paths`."""
    from peft import inject_adapter_in_model

    config.target_modules = set(paths)
    inject_adapter_in_model(config, module, adapter_name=ADAPTER)
    return {path: module.get_submodule(path) for path in paths}
