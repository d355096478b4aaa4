"""``make bench`` runs what it finds in benchmarks/: each of them must take its words."""

import pytest

from benchmarks.__main__ import HERE, NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_prints_its_figures_as_json(name: str) -> None:
    text = (HERE / f"{name}.py").read_text()
    assert '"figures"' in text or "meter" in text, "it has no figures: name it among the soaks"
    assert "argparse" not in text or '"--json"' in text, "make bench calls it with --json"
