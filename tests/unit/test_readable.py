"""A document that is malformed is passed over and told; one that newer code wrote is waited for."""

import pytest

from vending.documents.pages import LedgerPage
from vending.documents.stock import MachineStock
from vending.errors import Transient
from vending.readable import readable
from vending.state import stock

BODY = stock.empty("m1").dump()


def test_a_document_is_read_and_a_malformed_one_is_told(caplog: pytest.LogCaptureFixture) -> None:
    assert readable(BODY, MachineStock) == stock.empty("m1")
    assert not caplog.records
    assert readable(BODY | {"rev": "many"}, MachineStock) is None
    assert readable(BODY, LedgerPage) is None
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "stock m1/stock: Expected `int`, got `str` - at `$.rev`" in caplog.text


def test_one_that_newer_code_wrote_is_waited_for() -> None:
    with pytest.raises(Transient):
        readable(BODY | {"schema": 99}, MachineStock)
