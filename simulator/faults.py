"""All faults by name: those that every fleet has, and those that only happen where they are named."""

from simulator import extremes
from simulator.link import FAULTS, STOPPING

NAMED = STOPPING | extremes.FAULTS
KNOWN = FAULTS | NAMED
