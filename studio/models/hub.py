"""The model hub: what a model there is, and bringing it here."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from studio.errors import ModelError, Offline
from studio.workspace import Workspace

if TYPE_CHECKING:
    from huggingface_hub import HfApi

PATIENCE = 5.0  # seconds until a hub that does not answer counts as out of reach
UNUSED = ("safety_checker", "feature_extractor", "image_encoder")
SMALL_FILES = (".json", ".txt", ".model")

Progress = Callable[[int, int], None]
"""Called with the bytes that are here and the bytes in all; may raise to stop the download."""

Choose = Callable[[str, Sequence[str]], list[str]]
"""Of a repository's id and file names, the files that are needed; raises `ModelError` when some lack."""


@dataclass(frozen=True)
class HubFile:
    """A file of a repository; `sha256` is known of the large ones and empty for the others."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class HubInfo:
    """What a person should know before a download: its size and licence, and whether one must ask first."""

    id: str
    size_bytes: int
    licence: str
    gated: bool
    revision: str
    files: tuple[HubFile, ...]
    """Those that are needed."""


def describe(hub_id: str, *, choose: Choose | None = None, revision: str | None = None) -> HubInfo:
    """What the hub says of a model; raises `Offline`, or `ModelError` when there is none to use.

    `choose` says which of the repository's files are needed, by default those of a base model.
    """
    with _explained(hub_id):
        info = _api().model_info(hub_id, revision=revision, files_metadata=True, timeout=PATIENCE)
    there = {file.rfilename: file for file in info.siblings or ()}
    files = tuple(
        HubFile(name, int(there[name].size or 0), getattr(there[name].lfs, "sha256", None) or "")
        for name in (choose or needed)(hub_id, list(there))
    )
    return HubInfo(
        id=hub_id,
        size_bytes=sum(file.size_bytes for file in files),
        licence=str(getattr(info.card_data, "license", None) or "not stated"),
        gated=bool(info.gated),
        revision=str(info.sha),
        files=files,
    )


def download(hub_id: str, workspace: Workspace, progress: Progress | None = None) -> Path:
    """Bring a model into `models/`; what an earlier, broken-off download brought is not brought again.

    It appears there, as a folder or file `owner--name`, only when it is whole.
    """
    info = describe(hub_id)
    name = hub_id.replace("/", "--")
    unfinished = workspace.models / f".{name}.part"
    fetch(info, unfinished, progress)
    if len(info.files) == 1:
        target = workspace.models / f"{name}.safetensors"
        (unfinished / info.files[0].name).replace(target)
        unfinished.rmdir()
    else:
        target = workspace.models / name
        unfinished.replace(target)
    return target


def fetch(info: HubInfo, folder: Path, progress: Progress | None = None) -> None:
    """Bring the files of a repository into a folder; what is there of them already is not brought again."""
    bar = _bar(progress or (lambda here, total: None), info)
    for file in info.files:
        with _explained(info.id):
            _fetch(info, file, folder / file.name, bar)


def _fetch(info: HubInfo, file: HubFile, target: Path, bar: type[Any]) -> None:
    """Bring one file, going on where an earlier try of the same content broke off."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    if target.exists() and _is_whole(target, file):
        bar(initial=file.size_bytes)
        return
    part = target.with_name(f"{target.name}.{file.sha256[:16]}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("ab" if file.sha256 else "wb") as here:
        url = hf_hub_url(info.id, file.name, revision=info.revision, endpoint=_endpoint())
        size = file.size_bytes or None
        http_get(
            url, here, resume_size=here.tell(), headers=build_hf_headers(), expected_size=size, tqdm_class=bar
        )
    if not _is_whole(part, file):
        part.unlink()
        raise Offline(
            f"{file.name} of {info.id} came damaged",
            why="It is not what the hub announced",
            remedy="Try the download again.",
        )
    part.replace(target)


def _is_whole(path: Path, file: HubFile) -> bool:
    if not file.sha256:
        return path.stat().st_size == file.size_bytes
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256


def needed(hub_id: str, files: Sequence[str]) -> list[str]:
    """The files of a repository that the studio uses; half-precision weights where they are offered.

    Either a diffusers folder (without the safety checker) or a single checkpoint.
    """
    if "model_index.json" in files:
        folders = sorted({file.split("/")[0] for file in files if file.count("/") == 1} - {*UNUSED})
        chosen = [name for folder in folders for name in _component(folder, files)]
        if any(name.endswith(".safetensors") for name in chosen):
            return ["model_index.json", *chosen]
    single = [file for file in files if file.endswith(".safetensors") and "/" not in file]
    if len(single) == 1:
        return single
    raise ModelError(
        f"{hub_id} holds no model that the studio can open",
        why="It has several checkpoints" if single else "It has no .safetensors weights",
        remedy="Download the .safetensors file you want and put it into the models folder."
        if single
        else "Look for the same model as .safetensors.",
    )


def _component(folder: str, files: Sequence[str]) -> list[str]:
    inside = [PurePosixPath(file) for file in files if file.startswith(f"{folder}/") and file.count("/") == 1]
    weights = [file for file in inside if file.suffix == ".safetensors"]
    half = [file for file in weights if file.stem.endswith(".fp16")]
    full = [file for file in weights if "." not in file.stem]
    small = [file for file in inside if file.suffix in SMALL_FILES and "index" not in file.name]
    parts = [file for file in inside if file.name.endswith(".safetensors.index.json")]
    sharded = not half and any("-of-" in file.stem for file in full)  # the index says which weight is where
    return [str(file) for file in (*small, *(parts if sharded else ()), *(half or full))]


def _bar(progress: Progress, info: HubInfo) -> type[Any]:
    """A progress bar, as the hub's library wants one for each file, that counts over all of them."""
    here = [0]

    class Bar:
        def __init__(self, *, initial: int = 0, **_: object) -> None:
            self.update(initial)

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, count: float | None = 1) -> None:
            here[0] += int(count or 0)
            progress(min(here[0], info.size_bytes), info.size_bytes)

    return Bar


def _api() -> HfApi:
    from huggingface_hub import HfApi, constants

    constants.HF_HUB_DISABLE_TELEMETRY = True
    return HfApi(endpoint=_endpoint())


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co")


@contextmanager
def _explained(hub_id: str) -> Iterator[None]:
    """Turn what the hub's library raises into sentences."""
    import httpx2  # what huggingface_hub speaks with
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError:
        raise ModelError(
            f"{hub_id} is given out only to people who asked for it",
            remedy=f"Ask on https://huggingface.co/{hub_id}, then log in once with `hf auth login`.",
        ) from None
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        raise ModelError(
            f"There is no model called {hub_id} on the hub, nor in the models folder",
            remedy="Check the spelling, or choose a model from the list.",
        ) from None
    except (httpx2.TransportError, errors.OfflineModeIsEnabled, errors.HfHubHTTPError, ConnectionError):
        raise _out_of_reach(hub_id) from None
    except OSError as fault:
        if fault.errno:  # the disk's
            raise
        raise _out_of_reach(hub_id) from fault


def _out_of_reach(hub_id: str) -> Offline:
    return Offline(
        f"{hub_id} cannot be downloaded",
        why="The model hub cannot be reached, or the connection broke off",
        remedy="Check the network and try again: what is here already is kept. "
        "Or choose a model that is on this machine.",
    )
