"""``vendctl package`` takes no requirement without a hash: what Azure installs is what was tested."""

from pathlib import Path

import pytest

from vendctl.package import WITH_TELEMETRY, tried, unhashed


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("a==1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\nb==2 ; x \\\n    --hash=sha256:02\n", []),
        ("# uv\na==1 \\\n    --hash=sha256:00\nb==2 ; x != 'y'\n\nc\n", ["b==2", "c"]),
        ("", []),
    ],
)
def test_requirements_without_a_hash_are_named(text: str, bare: list[str]) -> None:
    assert unhashed(text) == bare


@pytest.mark.parametrize(("telemetry", "file"), [(False, "requirements.txt"), (True, WITH_TELEMETRY)])
def test_a_package_that_would_install_what_it_is_served_is_refused(
    tmp_path: Path, telemetry: bool, file: str
) -> None:
    """One requirement added by hand: pip would stop the remote build; here it is said before."""
    (tmp_path / file).write_text("a==1 --hash=sha256:00\nrequests\n")
    with pytest.raises(ValueError, match=rf"refused: {file} has no hash for requests$"):
        tried(tmp_path, telemetry=telemetry)
