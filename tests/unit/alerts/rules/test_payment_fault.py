"""Faults that keep people from paying."""

import pytest

from tests.unit.alerts.rules.registers import MINUTE, START, verdict

PAYMENT = [
    "coin-mech:EAR", "coin-mech:EAR_1", "bill-validator:END", "bill-validator:ENE", "cashless:EKM",
    "cashless:EK2M", "changer:OBK", "cash-box:OBO",
]  # fmt: skip
OTHER = [
    "changer:OBM", "delivery:ELA", "gateway:EIK", "refrigeration:EJJ", "temperature-sensor:EOA", "vmc:EIL",
    "coin:EVA4", "bill:X", "EAR:EIK", "coin-mech:EA", "coin-mech:XEAR", "coin-mech:ear",
]  # fmt: skip


@pytest.mark.parametrize("fault", PAYMENT)
def test_a_payment_code_is_this_rules_and_not_that_of_other_faults(fault: str) -> None:
    entry = {f"fault:{fault}": [1, 5, START, True]}
    assert verdict("payment-fault", entry, START + 6 * MINUTE) is True
    assert verdict("fault", entry, START + 6 * MINUTE) is False


@pytest.mark.parametrize("fault", OTHER)
def test_any_other_code_is_not(fault: str) -> None:
    entry = {f"fault:{fault}": [1, 5, START, True]}
    assert verdict("payment-fault", entry, START + 6 * MINUTE) is False
    assert verdict("fault", entry, START + 6 * MINUTE) is True


@pytest.mark.parametrize(
    ("raised", "late", "expected"),
    [(True, -1, None), (True, 0, None), (True, 1, True), (False, -1, False), (False, 1, False)],
)
def test_it_may_be_active_for_five_minutes(raised: bool, late: int, expected: bool | None) -> None:
    entry = {"fault:coin-mech:EAR": [1, 5, START, raised]}
    assert verdict("payment-fault", entry, START + 5 * MINUTE + late) is expected
    assert verdict("payment-fault", entry, START + 1, activeMinutes=0) is raised
