"""How the peer's rows are judged: a refusal counts only by its words, and a served thing is no refusal."""

from pathlib import Path

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


@pytest.mark.parametrize(
    ("fault", "runs"), [(f"System.Text.Json.{peer.TORN}. LineNumber: 0", 2), ("Unexpected: 2300 of 2400", 1)]
)
def test_only_a_child_whose_last_line_is_cut_is_asked_again(
    fault: str, runs: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[list[str]] = []

    def once(_: Path, words: list[str]) -> peer.Checks:
        asked.append(words)
        if len(asked) == 1:
            wrong = (f"eventhubs.processor.killed: {fault}", "eventhubs.processor.all: 1 instead of 2")
            return peer.Checks(("eventhubs.hub.open", "eventhubs.processor.one"), (), wrong)
        return peer.Checks(("eventhubs.processor.one", "eventhubs.processor.killed"), (), ())

    monkeypatch.setattr(peer, "_run", once)
    found = peer.run(tmp_path, ["--hub", "h"])
    assert len(asked) == runs
    if runs == 2:
        assert asked[1] == ["--hub", "h", "--only", "processor"]
        assert found.passed == ("eventhubs.hub.open", "eventhubs.processor.one", "eventhubs.processor.killed")
    assert bool(found.wrong) == (runs == 1)
