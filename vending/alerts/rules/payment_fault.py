"""``payment-fault``: coin mechanism, bill validator or card reader report a fault: people cannot pay.

By the EVA-DTS event code, the last word of the register: ``EA`` coin mechanism, ``EN`` bill validator, ``EK``
card reader, ``OBK`` no change, ``OBO`` cash box full; ``_n`` behind it names which of several devices.
"""

import re
from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.lasting_rule import MINUTE, LastingRule
from vending.documents.conditions import Register

CODE = re.compile(r"(?:E[AN][A-Z]+|EK2?[A-Z]+|OB[KO])(?:_.+)?")


class PaymentFaultThresholds(Thresholds, frozen=True):
    """Of the means to pay."""

    active_minutes: Annotated[float, Meta(ge=0, le=24 * 60)] = 5
    """For which a fault may be active: many a bill frees itself."""


class PaymentFault(LastingRule):
    """From ``fault.raised`` to ``fault.cleared``; other faults are :mod:`.fault`'s."""

    name = "payment-fault"
    family = "fault"
    closes = "evidence"
    severity = "warning"
    thresholds = PaymentFaultThresholds
    title = "Payment fault {}"
    component = "`{component}:{code}`"
    opens = (
        "`fault.raised` with an EVA code of coin mechanism, bill validator or card reader (`EA…`, `EN…`, "
        "`EK…`), of no change or a full box (`OBK`, `OBO`), over 5 minutes ago"
    )
    closes_when = "`fault.cleared`"

    def due(self, component: str, register: Register, evidence: Registers) -> int | None:
        """A while after it was raised."""
        if not (register[3] and hinders_payment(component)):
            return None
        said = evidence.policy.of(self.name, PaymentFaultThresholds)
        return int(register[2] + said.active_minutes * MINUTE) + 1

    def opened(self, facts: Facts) -> str:
        return f"{facts.machine}: payment fault {facts.component}"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: payment fault {facts.component} is over"


def hinders_payment(component: str) -> bool:
    """Whether a fault, ``{component}:{code}``, is one of the means to pay."""
    return CODE.fullmatch(component.rpartition(":")[2]) is not None
