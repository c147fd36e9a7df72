"""The lesson only measures: what the UNet predicts stays the same, with it and after it."""

from __future__ import annotations

import torch

from studio.pocket import alignment, unet


def test_the_lesson_changes_no_prediction() -> None:
    torch.manual_seed(0)
    model = unet.build().eval()
    given = torch.randn(2, 4, 16, 16), torch.tensor([10, 900]), torch.randn(2, 77, 192)
    with torch.no_grad():
        before = model(*given).sample
        lessons = alignment.begin(model)
        during = model(*given).sample
        alignment.end(model)
        after = model(*given).sample
    assert len(lessons) == 2
    assert all(lesson.missed > 0 for lesson in lessons)
    torch.testing.assert_close(during, before)
    torch.testing.assert_close(after, before)
