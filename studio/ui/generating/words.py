"""Words: how long a prompt is to the encoders, and the prompts of before."""

from __future__ import annotations

from studio.generate.prompts.counting import counts
from studio.ui.captioning.tokens import TITLES
from studio.ui.desk import Desk
from studio.ui.generating.servant import Answer, Question

JOBS, PROMPTS = 80, 30  # that are looked through, and shown


class Words:
    """Answers the line under the prompt."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def answer_tokens(self, question: Question) -> Answer:
        """The tokens of a prompt for each text encoder of a base."""
        found = counts(str(question["base"]), self.desk.workspace, str(question["text"]))
        told = [
            {
                "title": "Tokens" if len(found) == 1 else TITLES.get(one.encoder, one.encoder),
                "count": one.tokens,
                "limit": one.limit,
                "chunks": one.chunks,
            }
            for one in found
        ]
        return {"encoders": told}

    def answer_earlier(self, _: Question) -> Answer:
        """The prompts of the last jobs, newest first, each once."""
        jobs = self.desk.recent("generate", JOBS)
        prompts = dict.fromkeys(str(job.run.settings.get("prompt", "")).strip() for job in jobs)
        return {"prompts": [{"prompt": prompt} for prompt in prompts if prompt][:PROMPTS]}
