"""How the peer's rows are judged: a refusal counts only by its words, and a served thing is no refusal."""

import pytest

from devstack.tests.dotnet import peer

NAME = "cosmos.batch.commits"


@pytest.mark.parametrize(
    ("row", "passed", "refused", "wrong"),
    [
        ("ok    hub.properties                     12 ms  {}", 1, 0, 0),
        ("ERROR hub.properties                     12 ms  X: no", 0, 0, 1),
        (f"ERROR {NAME}             7 ms  E: a HybridRow body", 0, 1, 0),
        (f"ERROR {NAME}             7 ms  E: not valid JSON", 0, 0, 1),
        (f"ok    {NAME}             7 ms  ", 0, 0, 1),
        ("Unhandled exception. System.Exception", 0, 0, 0),
    ],
)
def test_a_row_is_judged(
    row: str, passed: int, refused: int, wrong: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "refusals", lambda: {NAME: "HybridRow"})
    found = peer.judged(row)
    assert (len(found.passed), len(found.refused), len(found.wrong)) == (passed, refused, wrong)


def test_every_refusal_has_its_words() -> None:
    assert all(words for words in peer.refusals().values())
