"""Whether the checkout has changed, while people and their tools work on it."""

from pathlib import Path

from Kernel.ports.versions import HomeVersions


def test_a_fingerprint_follows_sources_and_nothing_else(tmp_path: Path) -> None:
    """A changed or new source shows; an editor's lock, a link to nowhere, a cache do not."""
    world = tmp_path / "zones" / "world"
    world.mkdir(parents=True)
    (world / "engine.py").write_text("a = 1\n")
    versions = HomeVersions(tmp_path, tmp_path)
    first = versions.fingerprint()
    (world / ".#engine.py").symlink_to("somebody@somewhere.1:2")
    (world / "gone.py").symlink_to("nowhere.py")
    (world / "engine.pyc").write_bytes(b"x")
    assert versions.fingerprint() == first
    (world / "engine.py").write_text("a = 11\n")
    second = versions.fingerprint()
    (world / "more.py").write_text("")
    assert len({first, second, versions.fingerprint()}) == 3


def test_a_checkout_that_is_gone_has_a_fingerprint(tmp_path: Path) -> None:
    """Nothing there is a state like any other, and no exception."""
    assert HomeVersions(tmp_path / "nowhere", tmp_path).fingerprint()
