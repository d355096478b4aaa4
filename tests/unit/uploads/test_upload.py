"""The name of an upload's blob says what it is of."""

import pytest

from tests.support.uploads import NAME
from vending.errors import Rejected
from vending.uploads.kinds import KINDS
from vending.uploads.upload import Place, name_of, place_of


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_says_what_it_was_made_of(kind: str) -> None:
    place = Place(kind, "vm.00017_a-B", "f" * 32)
    assert place_of(name_of(place, "2026-03-02")) == place


@pytest.mark.parametrize(
    "name",
    ["", "a.jpg", NAME + "0", NAME[:-1], NAME + "\n", NAME.replace("m-1", "../m"), NAME.replace("dex", "DEX"),
     NAME.replace("2026-03-02", "today"), NAME.replace("m-1", "m" * 65)],
)  # fmt: skip
def test_a_name_that_was_never_given_out_is_rejected(name: str) -> None:
    with pytest.raises(Rejected, match="unknown-path"):
        place_of(name)
