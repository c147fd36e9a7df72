"""The virtual environment beside launch.py, and how far its installation is."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from studio.install.faults import InstallFault
from studio.install.installer import Installer, Way
from studio.install.machine import Card, ask, find_card

TORCH = "torch==2.13.0"
EDITION = "1"  # raised when installations must be gone through again although the locks are the same


class Environment:
    """The folder .venv and its stamps, which say that all of a lock file (`studio`, `test`) is there."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / ".venv"
        self.python = self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.log = self.folder / "install.log"

    def ready(self, name: str) -> bool:
        """Whether what a lock file names was installed to the end."""
        try:
            return self.python.exists() and self._stamp(name).read_text() == self._key(name)
        except OSError:
            return False

    def prepare(self, names: Sequence[str], *, anew: bool = False) -> None:
        """Install what the lock files name, going on where an earlier attempt ended.

        Raises `InstallFault` if it cannot be done, `OSError` if nothing can be written.
        """
        with only_one(self.root / ".venv.lock") as held:
            installer = Installer(self.python, self.log, (held,))
            if anew or not self._usable():
                self._make(installer)
            for name in names:
                if not self.ready(name):
                    self._install(name, installer)

    def _lock_file(self, name: str) -> Path:
        return self.root / ".lock" / f"{name}.txt"

    def _stamp(self, name: str) -> Path:
        return self.folder / f"installed-{name}"

    def _key(self, name: str) -> str:
        told = f"{TORCH} {EDITION}".encode()
        return hashlib.sha256(self._lock_file(name).read_bytes() + told).hexdigest()

    def _usable(self) -> bool:
        """Whether this is an environment, not the rest of one, in which `python` would be the system's."""
        look = "import sys; print(sys.prefix != sys.base_prefix and (3, 11) <= sys.version_info < (3, 14))"
        if ask(str(self.python), "-c", look) != ["True"]:
            return False
        return any(whole(record) for record in self._site().glob("pip-*.dist-info"))

    def _make(self, installer: Installer) -> None:
        (self.folder / "pyvenv.cfg").unlink(missing_ok=True)  # first, so that half a removal is noticed
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(exist_ok=True)
        installer.go("environment", 0, [[sys.executable, "-m", "venv", str(self.folder)]])

    def _install(self, name: str, installer: Installer) -> None:
        """Install a lock file; for the studio's own, torch first, in the build for the card."""
        site, lock = self._site(), self._lock_file(name)
        forget_halves(site)
        if name == "studio":
            card = find_card()
            print(f"It will compute with {card.title}.", flush=True)
            self._look_for_room(card, site)
            ways = torch_ways(installer, card, lock)
            installer.go(TORCH.replace("==", " "), 32 if card.backend else 12, *ways)
        count = len(lock.read_text(encoding="utf-8").splitlines())
        what = ("--no-deps", "--requirement", str(lock))
        installer.go(f"{count} packages", count, installer.uv(*what), installer.pip(*what))
        # Relative, so that the folder can be moved: `python -m studio` works from everywhere.
        (site / "lora-studio.pth").write_text(os.path.relpath(self.root, site) + "\n", encoding="utf-8")
        if name == "studio":
            self._try_torch(card, installer)
        self._stamp(name).write_text(self._key(name))

    def _site(self) -> Path:
        inside = "Lib/site-packages" if os.name == "nt" else "lib/python3*/site-packages"
        return next(self.folder.glob(inside))

    def _look_for_room(self, card: Card, site: Path) -> None:
        free = shutil.disk_usage(self.folder).free / 1e9
        if free < card.gigabytes and not (site / "torch").exists():
            raise InstallFault(
                f"The installation needs about {card.gigabytes} GB, and the disk of {self.root} has "
                f"{free:.1f} GB left. Free some space and start again."
            )

    def _try_torch(self, card: Card, installer: Installer) -> None:
        """Start torch once, so that a build which cannot work is noticed now."""
        look = (
            "import torch; card = torch.accelerator.current_accelerator(check_available=True); "
            "print(torch.__version__, card or 'cpu')"
        )
        done = subprocess.run([str(self.python), "-c", look], capture_output=True, text=True)
        installer.write(done.stdout + done.stderr)
        if done.returncode != 0:
            windows = " Microsoft's Visual C++ Redistributable may be missing." if os.name == "nt" else ""
            raise InstallFault(f"torch does not start.{windows} The details are in {self.log}.")
        if card.backend and done.stdout.split()[-1] == "cpu":
            print(
                f"torch cannot use {card.title}, so the studio will work on the processor, slowly. "
                "Update the card's driver, then run: python launch.py --reinstall",
                flush=True,
            )


def torch_ways(installer: Installer, card: Card, lock: Path) -> list[Way]:
    """The ways to torch for this card, the best first: its own build by uv, or what the index has."""
    what = (TORCH, "--constraint", str(lock))
    plain, build = installer.pip(*what), installer.uv(*what, f"--torch-backend={card.backend or 'cpu'}")
    return [build, plain] if card.backend else [plain, build]


def forget_halves(site: Path) -> None:
    """Take the record of each package away that is not whole, so that it is installed again."""
    for record in site.glob("*.dist-info"):
        if not whole(record):
            shutil.rmtree(record)


def whole(record: Path) -> bool:
    """Whether a package's `.dist-info` is finished, and each file it lists is there in full size."""
    if not (record / "INSTALLER").exists() or not (record / "METADATA").exists():
        return False
    try:
        with (record / "RECORD").open(encoding="utf-8", newline="") as rows:
            listed = [(record.parent / name, size) for name, _, size in csv.reader(rows)]
        return all(str(path.stat().st_size) == size for path, size in listed if size)
    except (OSError, ValueError):
        return False


@contextmanager
def only_one(path: Path) -> Iterator[int]:
    """Hold the lock of the installation, waiting for whoever else installs; yields its file handle."""
    with path.open("w") as file:
        if not locked(file):
            print("Another start of the studio is still installing; waiting for it ...", flush=True)
            while not locked(file):
                time.sleep(0.5)
        yield file.fileno()


def locked(file: IO[str]) -> bool:
    """Lock an open file until it is closed; false if another process has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
