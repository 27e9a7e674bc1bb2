"""The pictures of docs/images: every view at every size, small enough to load."""

import pytest
from PIL import Image

from benchmarks.pictures import SIZES
from tests.test_tree import ROOT
from ui.page.views.table import VIEWS

IMAGES = ROOT / "docs" / "images"
MOST_BYTES = 3_000_000


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("view", ["welcome", "conversation", *VIEWS])
def test_every_view_is_shown_at_every_size(view: str, size: str):
    with Image.open(IMAGES / f"{view}-{size}.webp") as picture:
        assert picture.size == SIZES[size]


def test_all_pictures_together_load_quickly():
    assert sum(path.stat().st_size for path in IMAGES.iterdir()) < MOST_BYTES
