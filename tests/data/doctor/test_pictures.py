"""The doctor's eye: silent on ordinary pictures, and clear about spoilt ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from studio.data.captions import write_caption, write_captions
from studio.data.cropping import set_crop
from studio.data.crops import Crop
from studio.data.masks import write_mask
from studio.models.facts import BaseFacts
from studio.workspace import Workspace
from tests.data.doctor import ordinary
from tests.data.doctor.examined import DRAWINGS, PHOTOS, found, look, save, the

BASE = BaseFacts(512, 64, (), title="the base")

SPOILT = {
    "blurred": ("blurred", ordinary.blurred),
    "saved at quality 10": ("jpeg", ordinary.squares),
    "under-exposed": ("exposure", ordinary.exposed(-3.5)),
    "over-exposed": ("exposure", ordinary.exposed(3.5)),
    "signed": ("text", ordinary.signed),
}
SPARED = {("over-exposed", "cheetah")}  # so dull a picture becomes grey, not white
COPIES = [ordinary.cropped, ordinary.mirrored, ordinary.halved, ordinary.squares]


def test_ordinary_pictures_are_left_in_peace(workspace: Workspace, tmp_path: Path) -> None:
    assert len(PHOTOS) >= 3
    report = look(workspace, save(tmp_path / "sound", PHOTOS | DRAWINGS))
    assert {finding.check for finding in report.findings} == {"missing"}


@pytest.mark.parametrize("how", SPOILT)
def test_every_spoilt_photograph_is_found(how: str, workspace: Workspace, tmp_path: Path) -> None:
    check, spoil = SPOILT[how]
    spoilt = {name: spoil(image) for name, image in PHOTOS.items() if (how, name) not in SPARED}
    assert found(look(workspace, save(tmp_path / "spoilt", spoilt)), check) == sorted(spoilt)


def test_a_blur_that_the_training_s_size_hides_is_none(workspace: Workspace, tmp_path: Path) -> None:
    photo = PHOTOS["groot"].resize((2730, 1536), Image.Resampling.BICUBIC)
    folder = save(tmp_path / "large", {"large": ordinary.blurred(photo)}, ".jpg")
    assert found(look(workspace, folder, BASE), "blurred") == []
    assert found(look(workspace, folder, BaseFacts(1536, 64, ())), "blurred") == ["large"]


def test_a_chequered_cloth_is_no_spoilt_jpeg(workspace: Workspace, tmp_path: Path) -> None:
    cloth = Image.new("RGB", (256, 256), "white")
    for left in range(0, 256, 32):
        for top in range(0, 256, 32):
            cloth.paste((190, 20, 30), (left, top, left + 16, top + 16))
            cloth.paste((190, 20, 30), (left + 16, top + 16, left + 32, top + 32))
    assert found(look(workspace, save(tmp_path / "cloth", {"cloth": cloth})), "jpeg") == []


@pytest.mark.parametrize("change", COPIES, ids=lambda change: change.__name__)
def test_near_duplicates_are_grouped_and_the_largest_stays(
    change: ordinary.Spoil, workspace: Workspace, tmp_path: Path
) -> None:
    originals = {name: (PHOTOS | DRAWINGS)[name] for name in ("lion", "tower", "fox-1", "owl")}
    copies = {f"{name} again": change(image) for name, image in originals.items()}
    finding = the(look(workspace, save(tmp_path / "pairs", originals | copies)), "duplicates")
    groups = {frozenset(path.stem for path in group) for group in finding.groups}
    assert groups == {frozenset((name, f"{name} again")) for name in originals}
    if change in (ordinary.cropped, ordinary.halved):
        assert sorted(finding.mends[0].arguments["pictures"]) == sorted(f"{name}.png" for name in copies)


def test_three_of_a_kind_are_one_group(workspace: Workspace, tmp_path: Path) -> None:
    photo = PHOTOS["lion"]
    three = {"a": ordinary.halved(photo), "b": photo, "c": ordinary.mirrored(photo)}
    finding = the(look(workspace, save(tmp_path / "three", three)), "duplicates")
    assert [[path.stem for path in group] for group in finding.groups] == [["b", "c", "a"]]
    assert finding.verdict == "2 near-duplicates are worth removing"


def test_of_duplicates_the_one_with_words_by_hand_stays_then_one_with_a_caption(
    workspace: Workspace, tmp_path: Path
) -> None:
    photo = PHOTOS["lion"]
    folder = save(tmp_path / "kept", {"bare": photo, "model": photo, "typed": ordinary.halved(photo)})
    write_caption(folder / "typed.png", "my lion", by="hand")
    write_caption(folder / "model.png", "a cat in the grass", by="pocket")
    for name, caption in (("typed", "my lion"), ("model", "a cat in the grass")):
        batch = {folder / f"{name}.png": f"zwx, {caption}"}
        write_captions(batch, by="hand", note="Add the trigger word “zwx”")
    finding = the(look(workspace, folder), "duplicates")
    assert [path.stem for path in finding.groups[0]] == ["typed", "model", "bare"]
    assert finding.mends[0].arguments["pictures"] == ["model.png", "bare.png"]
    assert finding.notes["typed.png"].startswith("words by hand")


def test_too_small_is_measured_by_the_base(workspace: Workspace, tmp_path: Path) -> None:
    folder = save(tmp_path / "small", {"small": PHOTOS["lion"], "large": PHOTOS["groot"]})
    report = look(workspace, folder, BASE)
    assert found(report, "small") == ["small"]
    assert the(report, "small").notes == {"small.png": "256 × 256, enlarged 2.0 times"}
    assert found(look(workspace, folder, BaseFacts(128, 32, ())), "small") == []


def test_what_a_bucket_cuts_off_is_shown_until_a_frame_is_chosen(
    workspace: Workspace, tmp_path: Path
) -> None:
    wide = PHOTOS["groot"].resize((1600, 512))
    folder = save(tmp_path / "wide", {"wide": wide})
    report = look(workspace, folder, BASE)
    kept = the(report, "shape").crops["wide.png"]
    assert (kept.top, kept.bottom) == (0, 1)
    assert kept.left == pytest.approx(1 - kept.right) and 0.1 < kept.left < 0.3
    assert the(report, "shape").mends[0].opens == "crop"
    assert "the left and right of 1 picture." in the(report, "shape").sentence
    set_crop(folder / "wide.png", Crop(0, 0, kept.right - kept.left, 1))
    assert found(look(workspace, folder, BASE), "shape") == []


def test_it_is_told_which_sides_the_few_shapes_of_the_miniature_leave_out(
    workspace: Workspace, tmp_path: Path
) -> None:
    folder = save(tmp_path / "usual", {"usual": PHOTOS["groot"].resize((1024, 786))})
    miniature = the(look(workspace, folder, BaseFacts(128, 32, (), "Miniature")), "shape")
    assert "Miniature" in miniature.sentence and "the top and bottom of 1 picture." in miniature.sentence
    assert miniature.notes == {"usual.png": "22% is cut off: top and bottom"}
    assert found(look(workspace, folder, BaseFacts(1024, 64, ())), "shape") == []


def test_transparency_is_told_until_there_is_a_mask(workspace: Workspace, tmp_path: Path) -> None:
    photo = PHOTOS["lion"].convert("RGBA")
    photo.putalpha(Image.radial_gradient("L").point(lambda value: 255 if value < 128 else 0))
    folder = save(tmp_path / "clear", {"clear": photo, "solid": PHOTOS["tower"]})
    assert found(look(workspace, folder), "transparent") == ["clear"]
    write_mask(folder / "clear.png", Image.new("L", (8, 8), "white"))
    assert found(look(workspace, folder), "transparent") == []


def test_a_picture_that_breaks_off_is_found_by_decoding_it_all(workspace: Workspace, tmp_path: Path) -> None:
    folder = save(tmp_path / "cut", {"sound": PHOTOS["lion"], "cut": PHOTOS["tower"]})
    content = (folder / "cut.png").read_bytes()
    middle = len(content) // 2
    (folder / "cut.png").write_bytes(content[:middle] + content[-12:])  # ends as a whole file does
    (folder / "list.png").write_text("a shopping list", encoding="utf-8")
    report = look(workspace, folder)
    assert sorted(found(report, "damaged")) == ["cut", "list"]
    assert not report.ready and report.findings[0].check == "damaged"
    assert "is not a picture" in the(report, "damaged").notes["list.png"]


@pytest.mark.parametrize("kind", [{}, {"progressive": True}, {"restart_marker_rows": 2}, {"subsampling": 0}])
def test_a_jpeg_that_was_cut_and_closed_again_is_found(
    kind: dict[str, object], workspace: Workspace, tmp_path: Path
) -> None:
    pictures = {
        "cut": PHOTOS["tower"],
        "sound": PHOTOS["lion"],
        "plain": Image.new("RGB", (600, 400), "white"),
    }
    folder = tmp_path / "closed"
    folder.mkdir()
    for name, image in pictures.items():
        image.convert("RGB").save(folder / f"{name}.jpg", **kind)
    content = (folder / "cut.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(content[: len(content) // 2] + b"\xff\xd9")
    assert found(look(workspace, folder), "damaged") == ["cut"]
