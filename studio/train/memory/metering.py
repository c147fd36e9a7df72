"""Meters: how much memory is in use, on the card or, without one, in this process."""

from __future__ import annotations

from typing import Protocol


class Meter(Protocol):
    """The memory of one device, in bytes."""

    name: str
    total: int

    def begin(self) -> None:
        """Forget the peak."""

    def peak(self) -> int:
        """The most since `begin`."""

    def free(self) -> int:
        """What is left for anybody."""


class CardMeter:
    """What torch holds of an NVIDIA or AMD card."""

    def __init__(self) -> None:
        import torch

        self.name = torch.cuda.get_device_name()
        self.total: int = torch.cuda.mem_get_info()[1]

    def begin(self) -> None:
        """Forget the peak."""
        import torch

        torch.cuda.reset_peak_memory_stats()

    def peak(self) -> int:
        """The most since `begin`."""
        import torch

        return torch.cuda.max_memory_allocated()

    def free(self) -> int:
        """What the driver has left, other programs counted."""
        import torch

        free: int = torch.cuda.mem_get_info()[0]
        return free


class ProcessMeter:
    """The memory of this process, where the processor does the work."""

    name = "processor"

    def __init__(self) -> None:
        import psutil

        self._process, self._peak = psutil.Process(), 0
        self.total: int = psutil.virtual_memory().total

    def begin(self) -> None:
        """Forget the peak."""
        self._peak = 0

    def peak(self) -> int:
        """The most at any call since `begin`."""
        self._peak = max(self._peak, int(self._process.memory_info().rss))
        return self._peak

    def free(self) -> int:
        """What the system could give."""
        import psutil

        return int(psutil.virtual_memory().available)


def meter_of_this_machine() -> Meter:
    """The card's if there is one, else the process's."""
    import torch

    return CardMeter() if torch.cuda.is_available() else ProcessMeter()
