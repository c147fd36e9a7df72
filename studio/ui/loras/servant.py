"""What the LoRAs room asks of the server: pictures, receipts, notes, doubles, folders, the bin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.adapters.library import Card, companions, duplicates
from studio.adapters.library_memory import (
    add_folder,
    extra_folders,
    remove_folder,
    set_favourite,
    set_note,
    set_weight,
)
from studio.adapters.workbench.reshaping import blocks_in
from studio.data.pictures import thumbnail
from studio.errors import AdapterError, PictureError, StudioError
from studio.ui.base_box import base_choices
from studio.ui.desk import Desk
from studio.ui.folders import open_folder
from studio.ui.loras.receipts import Receipts
from studio.ui.loras.shelf import Shelf
from studio.ui.markup import picture_url

SIDE, LARGE = 384, 1024  # pixels of a card's picture, and of the one beside the receipt
Question = dict[str, Any]
Answer = dict[str, Any]


class Librarian:
    """Answers the windows of the room; see `studio.ui.generating.servant`."""

    def __init__(self, desk: Desk, shelf: Shelf) -> None:
        self.desk, self.shelf, self.receipts = desk, shelf, Receipts(desk.workspace)

    def answer_shelf(self, question: Question) -> Answer:
        """What has changed since the window last asked."""
        return self.shelf.since(str(question.get("epoch", "")), int(question.get("revision", -1)))

    def answer_pictures(self, question: Question) -> Answer:
        """Where the pictures of these cards are; empty for one that cannot be shown."""
        return {"pictures": {name: self._picture(str(name), SIDE) for name in question["names"]}}

    def answer_look(self, question: Question) -> Answer:
        """All about one LoRA: its picture, what is in the file, and whether it fits a base."""
        card = self._card(question)
        base = str(question.get("base") or "") or self.receipts.base_for(card)
        return {
            "picture": self._picture(card.name, LARGE),
            "folder": str(card.path.parent),
            "bases": base_choices(self.desk),
            **self.receipts.of(card, base),
        }

    def answer_blocks(self, question: Question) -> Answer:
        """The blocks of a LoRA as its file names them."""
        return {"blocks": list(blocks_in(self._card(question).path))}

    def answer_favourite(self, question: Question) -> Answer:
        """Mark it, or no longer."""
        set_favourite(self.desk.workspace, self._card(question).path, bool(question["favourite"]))
        return self._changed("")

    def answer_note(self, question: Question) -> Answer:
        """Keep the person's own words, and the weight that they recommend."""
        card = self._card(question)
        set_note(self.desk.workspace, card.path, str(question["note"])[:4000])
        weight = question.get("weight")
        set_weight(self.desk.workspace, card.path, None if weight is None else round(float(weight), 3))
        return self._changed("")

    def answer_doubles(self, _: Question) -> Answer:
        """Groups of LoRAs whose weights are the same bytes."""
        groups = duplicates(self.desk.workspace, self.shelf.library.cards())
        return {"groups": [[card.name for card in group] for group in groups]}

    def answer_bin(self, question: Question) -> Answer:
        """Put LoRAs, with what lies beside them, into the system's bin; other programs' are left alone."""
        from send2trash import send2trash

        cards = [self._card({"name": name}) for name in question["names"]]
        if foreign := [card.title for card in cards if not card.own]:
            raise AdapterError(
                f"“{foreign[0]}” is in another program's folder, which is only read",
                remedy="Remove it in that program.",
            )
        for card in cards:
            for file in (card.path, *companions(card.path)):
                send2trash(file)
        one = len(cards) == 1
        return self._changed(
            f"“{cards[0].title}” is in the system's bin."
            if one
            else f"{len(cards)} LoRAs are in the system's bin."
        )

    def answer_folders(self, _: Question) -> Answer:
        """The folders of other programs."""
        return {"folders": [str(folder) for folder in extra_folders(self.desk.workspace)]}

    def answer_add_folder(self, question: Question) -> Answer:
        """Look there too."""
        text = str(question["folder"]).strip()
        if not text:
            raise StudioError("Give the full path of a folder with LoRAs")
        add_folder(self.desk.workspace, Path(text))
        return {**self.answer_folders(question), **self._changed("Its LoRAs are in your library now.")}

    def answer_remove_folder(self, question: Question) -> Answer:
        """Look there no longer."""
        remove_folder(self.desk.workspace, Path(str(question["folder"])))
        return {**self.answer_folders(question), **self._changed("")}

    def answer_open(self, question: Question) -> Answer:
        """Show the file's folder in the system's file manager."""
        open_folder(self._card(question).path.parent)
        return {}

    def _changed(self, told: str) -> Answer:
        self.shelf.library.hurry()
        return {"told": told}

    def _card(self, question: Question) -> Card:
        card = self.shelf.card(str(question["name"]))
        if card is None:
            raise AdapterError(f"“{question['name']}” is no longer there")
        return card

    def _picture(self, name: str, side: int) -> str:
        card = self.shelf.card(name)
        if card is None or card.preview is None:
            return ""
        try:
            return picture_url(thumbnail(card.preview, self.desk.workspace.cache, side))
        except PictureError:
            return ""
