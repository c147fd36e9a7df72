"""The board: shows a dataset, edits captions, touches nothing it has not shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from studio.data.captions import read_caption
from studio.ui.desk import Desk
from studio.ui.pictures_board import Board
from studio.workspace import Workspace


@pytest.fixture
def picture(workspace: Workspace) -> Path:
    path = workspace.datasets / "fox" / "one.png"
    path.parent.mkdir()
    Image.new("RGB", (64, 48), "orange").save(path)
    return path


@pytest.fixture
def board(workspace: Workspace) -> Board:
    desk = Desk(workspace)
    desk.begin_look()
    return Board(desk)


def test_the_board_shows_pictures_captions_and_damaged_files(board: Board, picture: Path) -> None:
    picture.with_suffix(".txt").write_text("a fox")
    (picture.parent / "two.png").write_text("no picture")
    html = board.html("fox")
    assert "a fox" in html
    assert "1 picture, all captioned" in html
    assert "two.png is not a picture" in html


def test_without_a_dataset_or_with_a_new_name_the_board_says_what_to_do(board: Board) -> None:
    assert "Drop some pictures" in board.html("")
    assert "is a new dataset" in board.html("teapot")


def test_a_caption_is_saved_with_the_words_before_it(board: Board, picture: Path) -> None:
    look, save = board.servants()
    board.html("fox")
    assert save({"picture": str(picture), "text": "a fox"})["history"] == []
    answer = save({"picture": str(picture), "text": "a red fox"})
    assert read_caption(picture) == "a red fox"
    assert [version["text"] for version in answer["history"]] == ["a fox"]
    assert look({"picture": str(picture)})["caption"] == "a red fox"
    assert "a red fox" in board.html("fox")


def test_a_file_that_is_not_on_the_board_is_not_touched(board: Board, tmp_path: Path) -> None:
    _, save = board.servants()
    told = save({"picture": str(tmp_path / "passwords.png"), "text": "x"})
    assert "not on the board" in told["fault"]
    assert not (tmp_path / "passwords.txt").exists()
