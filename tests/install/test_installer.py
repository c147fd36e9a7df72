"""Running installers: the second way, the log and the progress bar."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from studio.install.faults import InstallFault
from studio.install.installer import Installer
from studio.install.progress import Bar


def saying(text: str, code: int = 0) -> list[str]:
    return [sys.executable, "-c", f"print({text!r}); raise SystemExit({code})"]


@pytest.fixture
def installer(tmp_path: Path) -> Installer:
    return Installer(Path(sys.executable), tmp_path / "install.log")


def test_another_way_is_taken_when_the_first_does_not_work(
    installer: Installer, capsys: pytest.CaptureFixture[str]
) -> None:
    installer.go("torch", 1, [saying("dns error", 1)], [saying("fetched"), saying("unpacked")])
    told = capsys.readouterr().out
    assert "there is another way" in told and "torch: done" in told
    assert "unpacked" in installer.log.read_text()


def test_a_way_ends_at_its_first_failing_command(installer: Installer) -> None:
    with pytest.raises(InstallFault, match="no network"):
        installer.go("torch", 1, [saying("dns error", 1), saying("never said")])
    assert "never said\n" not in installer.log.read_text().splitlines(keepends=True)


def test_a_full_disk_is_not_tried_a_second_time(installer: Installer) -> None:
    with pytest.raises(InstallFault, match="disk is full"):
        installer.go("torch", 1, [saying("No space left on device", 1)], [saying("second way")])
    assert "second way\n" not in installer.log.read_text().splitlines(keepends=True)


def test_a_program_that_fails_without_a_word_counts_as_failed(installer: Installer) -> None:
    with pytest.raises(InstallFault, match="unknown to us"):
        installer.go("torch", 1, [[sys.executable, "-c", "raise SystemExit(7)"]])


def test_pip_moves_the_bar_as_it_names_packages() -> None:
    bar = Bar("packages", 4)
    for line in ("Collecting numpy==2.4.6\n", "Requirement already satisfied: rich in /x (15)\n", "noise\n"):
        bar.hear(line)
    assert bar.share == pytest.approx(0.4)
    bar.hear("  Downloading torch-2.13.0-cp311-cp311-win_amd64.whl (180.2 MB)\n")
    assert bar.latest == "Downloading torch (180.2 MB)"


def test_uv_moves_the_bar_as_packages_arrive() -> None:
    bar = Bar("packages", 80)
    for line in ("Downloading torch (820.0MiB)\n", "Downloading scipy (33.7MiB)\n", " Downloaded scipy\n"):
        bar.hear(line)
    assert bar.share == pytest.approx(0.4)
    bar.hear("Prepared 2 packages in 1.09s\n")
    assert bar.share == pytest.approx(0.8)
