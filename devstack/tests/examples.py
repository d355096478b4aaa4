"""Property tests draw the same examples each time, on any machine and whatever was imported before."""

from hypothesis import settings
from hypothesis.internal.conjecture import providers


def same_each_time() -> None:
    """The profile of every suite: seeded by the test itself, remembering nothing, timing no example.

    Beside what a test asks for, hypothesis draws constants of the local modules loaded by then. Which
    these are depends on how files were dealt out to workers, so there are none of them.
    """
    settings.register_profile("suite", deadline=None, derandomize=True, database=None)
    settings.load_profile("suite")
    providers._get_local_constants = providers.Constants  # type: ignore[attr-defined]
