"""GIT base, taught on COCO (arXiv 2205.14100)."""

from __future__ import annotations

from studio.caption.captioners._sentence import HubSentence

ENTRY = HubSentence(
    name="git-base",
    title="GIT base",
    about="A short, plain sentence for photographs; the smallest download.",
    licence="MIT",
    hub_id="microsoft/git-base-coco",
    kind="GitForCausalLM",
    revision="refs/pr/1",  # the main branch has pickled weights only, which are not opened here
    download_bytes=707_000_000,
    memory_bytes=800_000_000,
    order=13,
)
