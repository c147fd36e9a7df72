"""Pictures with fewer pixels than the base is trained with."""

from __future__ import annotations

from collections.abc import Sequence

from studio.data.buckets import choose_bucket
from studio.data.dataset import Picture
from studio.data.doctor.findings import Case, Check, Finding, paths, take_out, told

ENLARGED = 1.15  # times; less can hardly be seen
BADLY = 2.0


class Small(Check):
    """Finds pictures that a training has to enlarge."""

    name = "small"
    title = "Too small"
    order = 20

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding for all of them."""
        if case.base is None:
            return ()
        needed = {picture: self._enlarged(case, picture) for picture, _ in case.sound()}
        small = [picture for picture, times in needed.items() if times > ENLARGED]
        if not small:
            return ()
        side = case.base.resolution
        return [
            Finding(
                self.name,
                told(len(small), f"{{n}} picture{{s}} {{are}} too small for {case.base.title}"),
                f"It is trained at about {side} × {side} pixels. Smaller pictures are enlarged, which adds "
                "no detail: the model learns to paint soft. Look for larger ones, choose a base that suits "
                "them, or leave them out.",
                paths(small),
                (take_out(small),),
                serious=2 * sum(times > BADLY for times in needed.values()) > len(needed),
                verdict=told(len(small), f"{{n}} picture{{s}} {{are}} too small for {case.base.title}"),
                notes={one.path.name: self._note(case, one, needed[one]) for one in small},
            )
        ]

    def _enlarged(self, case: Case, picture: Picture) -> float:
        """How many times a picture is enlarged to fill its bucket; below 1 it is made smaller."""
        assert case.base is not None
        size = case.size(picture)
        bucket = choose_bucket(size, case.base.resolution, case.base.side_multiple)
        return max(bucket[0] / size[0], bucket[1] / size[1])

    def _note(self, case: Case, picture: Picture, times: float) -> str:
        width, height = case.size(picture)
        return f"{width} × {height}, enlarged {times:.1f} times"


ENTRY = Small()
