"""What the person reads when the installation fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.install.faults import explain

LOG = Path("home") / "studio" / ".venv" / "install.log"

SAID = [
    (
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        "disk is full",
    ),
    ("OSError: [WinError 112] There is not enough space on the disk", "disk is full"),
    ("error: Failed to extract: Disk quota exceeded (os error 122)", "disk is full"),
    ("cause: failed to write to file: No space left on device (os error 28)", "disk is full"),
    ("because ensurepip is not available. On Debian/Ubuntu systems", "python3-venv"),
    ("[Errno 13] Permission denied: '/opt/studio/.venv'", "move its folder"),
    ("ERROR: [WinError 5] Access is denied: 'torch_cpu.dll'", "Close the studio"),
    ("'NewConnectionError(': Failed to establish a new connection: [Errno 111]", "no network"),
    ("[Errno -3] Temporary failure in name resolution", "no network"),
    ("pip._vendor.urllib3.exceptions.ReadTimeoutError: Read timed out.", "no network"),
    ("error: Failed to fetch: client error (Connect): dns error", "no network"),
    ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))", "proxy or firewall"),
    ("ERROR: No matching distribution found for torch==2.13.0", "not made for this system"),
    ("because torch==2.13.0 has no wheels with a matching platform tag", "not made for this system"),
    ("Segmentation fault", "install.log"),
]


@pytest.mark.parametrize(("said", "told"), SAID)
def test_the_sentence_says_what_is_the_matter(said: str, told: str) -> None:
    assert told in str(explain(said, LOG))


def test_a_network_fault_hides_behind_the_missing_package_it_causes() -> None:
    said = "NewConnectionError\nERROR: No matching distribution found for uv==0.13.8"
    assert "no network" in str(explain(said, LOG))


def test_only_what_every_installer_would_meet_ends_the_attempts() -> None:
    assert explain("No space left on device", LOG).final
    assert not explain("NewConnectionError", LOG).final
    assert not explain("No matching distribution found", LOG).final
