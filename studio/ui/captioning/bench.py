"""The bench: answers what the workbench on the page asks of the server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.data.dataset import dataset_folder
from studio.data.doctor.mends import mend
from studio.data.filters import parse_filter
from studio.data.tags import tag_counts
from studio.errors import StudioError
from studio.examine.settings import ExamineSettings
from studio.models.facts import known_facts
from studio.ui.captioning import regions, words
from studio.ui.captioning.aim import Aim, read_aim, write_aim
from studio.ui.captioning.deck import Card, Deck
from studio.ui.captioning.doctor import Doctor
from studio.ui.captioning.tokens import TokenHelper, measure
from studio.ui.desk import Desk
from studio.ui.faults import answering
from studio.ui.markup import picture_url

LARGE = 1280  # pixels of the picture in the editor
TAGS = 400  # tags in the table
Question = dict[str, Any]
Answer = dict[str, Any]


class Bench:
    """One for each server: the decks that are looked at, and the answers to their windows."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.lock = desk, threading.Lock()
        self.decks: dict[Path, Deck] = {}
        self.doctors: dict[Path, Doctor] = {}
        self.answers: dict[str, Callable[[Deck, Question], Answer]] = {
            name.removeprefix("answer_"): getattr(self, name)
            for name in dir(self)
            if name.startswith("answer_")
        }

    def deck(self, dataset: str) -> Deck:
        """The deck of a dataset, by its name or its folder's path; raises `DatasetError`."""
        folder = dataset_folder(self.desk.workspace, dataset)
        with self.lock:
            if folder not in self.decks:
                self.doctors[folder] = Doctor()
                helpers = (TokenHelper(), words.TurnHelper(), self.doctors[folder])
                self.decks[folder] = Deck(folder, self.desk.workspace, helpers)
        deck = self.decks[folder]
        deck.attend()
        return deck

    def servant(self) -> Callable[[Any], Answer]:
        """The one function that the page calls."""

        @answering
        def ask(question: Any) -> Answer:
            answer = self.answers.get(str(question.get("what")))
            if answer is None:
                raise StudioError("The page asked for something that is not there", remedy="Load it again.")
            return answer(self.deck(str(question["dataset"])), question)

        return ask

    def answer_deck(self, deck: Deck, question: Question) -> Answer:
        """What has changed since the window last asked; thumbnails that it waits for come first."""
        if question.get("wanted"):
            deck.hurry(map(str, question["wanted"]))
        aim = read_aim(self.desk.workspace, deck.folder)
        return {
            **deck.since(str(question.get("epoch", "")), int(question.get("revision", -1))),
            "title": deck.folder.name,
            "thumbnails": picture_url(self.desk.workspace.cache / "thumbnails") + "/",
            "aim": [aim.base, aim.trigger, aim.class_word, aim.background],
        }

    def answer_look(self, deck: Deck, question: Question) -> Answer:
        """All about one picture, for the editor."""
        card, path = self._card(deck, question)
        facts = known_facts(read_aim(self.desk.workspace, deck.folder).base, self.desk.workspace)
        shown = regions.regions(path, card.size)
        return {
            "picture": picture_url(self.desk.large(path, LARGE)),
            **self._words(deck, path),
            **shown,
            "keeps": regions.bucket_box(card.size, shown["crop"], facts),
        }

    def answer_save(self, deck: Deck, question: Question) -> Answer:
        """Save the words of one picture."""
        _, path = self._card(deck, question)
        told = words.save(
            path,
            str(question["text"]),
            expected=str(question["expected"]),
            window=_window(question),
            earlier=bool(question.get("earlier")),
        )
        deck.hurry()
        return {**self._words(deck, path), **told}

    def answer_filter(self, deck: Deck, question: Question) -> Answer:
        """The names of the pictures that a filter keeps."""
        wanted = parse_filter(str(question["text"]))
        return {"names": [card.name for card in list(deck.cards.values()) if wanted.keeps(card.subject)]}

    def answer_tags(self, deck: Deck, question: Question) -> Answer:
        """The tags, and in how many captions they are."""
        counts = tag_counts([card.caption for card in list(deck.cards.values())])
        return {"tags": counts[:TAGS], "more": max(0, len(counts) - TAGS)}

    def answer_preview(self, deck: Deck, question: Question) -> Answer:
        """What a batch would do."""
        return words.preview(deck, _operation(question), _names(question))

    def answer_apply(self, deck: Deck, question: Question) -> Answer:
        """Do a batch; a trigger word that is added is the dataset's, where none was named before."""
        wanted = _operation(question)
        told, changed = words.apply(deck, wanted, _names(question))
        aim = read_aim(self.desk.workspace, deck.folder)
        if isinstance(wanted, words.editing.AddTrigger) and changed and not aim.trigger:
            write_aim(self.desk.workspace, deck.folder, replace(aim, trigger=wanted.word))
        return {**self._done(deck, told), "changed": changed}

    def answer_turn(self, deck: Deck, question: Question) -> Answer:
        """Undo or redo."""
        told = words.turn(deck, str(question["kind"]))
        self.doctors[deck.folder].again()  # a crop or a mask is none of what a deck sees
        return self._done(deck, told)

    def answer_mend(self, deck: Deck, question: Question) -> Answer:
        """Do what a button of the doctor says."""
        told = mend(deck.folder, str(question["action"]), dict(question["arguments"]))
        self.doctors[deck.folder].again()
        return self._done(deck, told)

    def answer_compare(self, deck: Deck, question: Question) -> Answer:
        """Let the image tower look at the pictures, as a job; the doctor looks again when it is done."""
        settings = ExamineSettings(dataset=str(question["dataset"]))
        run = self.desk.submit("examine", settings, title=deck.folder.name)
        self.doctors[deck.folder].wait_for(lambda: not self.desk.queue.holds(run.id))
        deck.tell("comparing", {"told": ""})
        return self._done(
            deck, "The pictures are compared by an image model. What it finds appears in the check."
        )

    def answer_aim(self, deck: Deck, question: Question) -> Answer:
        """Remember what the dataset is meant for."""
        write_aim(self.desk.workspace, deck.folder, Aim(*map(str, question["aim"])))
        return self._done(deck, "")

    def answer_crop(self, deck: Deck, question: Question) -> Answer:
        """Put a crop, or with `only_look` tell what a bucket would keep of it."""
        card, path = self._card(deck, question)
        if not question.get("only_look"):
            regions.put_crop(path, question["crop"])
            self.doctors[deck.folder].again()
            deck.hurry()
        facts = known_facts(read_aim(self.desk.workspace, deck.folder).base, self.desk.workspace)
        return {"keeps": regions.bucket_box(card.size, question["crop"], facts)}

    def answer_mask(self, deck: Deck, question: Question) -> Answer:
        """Put a mask that was drawn, or take it from the picture's transparency."""
        card, path = self._card(deck, question)
        if question.get("alpha"):
            regions.alpha_mask(path)
        else:
            regions.put_mask(path, str(question["drawn"]), window=_window(question))
        self.doctors[deck.folder].again()
        deck.hurry()
        return regions.regions(path, card.size)

    def _words(self, deck: Deck, path: Path) -> Answer:
        history = words.versions(path)
        caption = words.captions.read_caption(path)
        base = read_aim(self.desk.workspace, deck.folder).base
        return {"caption": caption, "history": history, **measure(caption, base, self.desk.workspace)}

    def _done(self, deck: Deck, told: str) -> Answer:
        deck.hurry()
        return {"told": told}

    def _card(self, deck: Deck, question: Question) -> tuple[Card, Path]:
        name = str(question["name"])
        if name not in deck.cards:
            raise StudioError(f"{name} is no longer in this dataset")
        return deck.cards[name], deck.folder / name


def _operation(question: Question) -> words.editing.Operation:
    return words.operation(str(question["operation"]), dict(question["values"]))


def _window(question: Question) -> str:
    return str(question.get("window", ""))[:20]


def _names(question: Question) -> list[str]:
    return [str(name) for name in question["names"]]
