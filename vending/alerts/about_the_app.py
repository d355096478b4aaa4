"""Alerts about the app itself: findings that are also errors in the log, for alerts may be what fails."""

import logging

from vending.alerts import rules
from vending.alerts.rules.evidence import Evidence
from vending.alerts.transitions import Finding

log = logging.getLogger(__name__)


def logged_findings(evidence: Evidence) -> list[Finding]:
    """What the rules find. Each that fires is logged by the line of its rule, if it has one: no document is
    touched for that."""
    findings = rules.findings(evidence)
    for finding in findings:
        line = rules.named(finding.rule).logged(finding) if finding.firing else None
        if line is not None:
            log.error("%s", line)
    return findings
