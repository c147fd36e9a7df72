"""GIT large, taught on COCO (arXiv 2205.14100)."""

from __future__ import annotations

from studio.caption.captioners._sentence import HubSentence

ENTRY = HubSentence(
    name="git-large",
    title="GIT large",
    about="A short, plain sentence for photographs, surer than GIT base.",
    licence="MIT",
    hub_id="microsoft/git-large-coco",
    kind="GitForCausalLM",
    download_bytes=1_580_000_000,
    memory_bytes=1_400_000_000,
    order=14,
)
