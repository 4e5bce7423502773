"""The fingerprint of a checkout: what changes it, and what an editor leaves lying about."""

import errno
import os

from Kernel.ports.versions import HomeVersions


def test_fingerprint_changes_with_a_source_and_outlives_editors(tmp_path):
    """A changed file changes it; the dangling lock of Emacs and a link that leads nowhere do not.

    Such a lock used to end the kernel at its start.
    """
    (tmp_path / "zones").mkdir()
    source = tmp_path / "zones" / "service.py"
    source.write_text("a = 1\n")
    versions = HomeVersions(tmp_path, tmp_path)
    before = versions.fingerprint()
    (tmp_path / "zones" / ".#service.py").symlink_to("somebody@host.1")
    (tmp_path / "zones" / "gone.py").symlink_to("nowhere")
    assert versions.fingerprint() == before
    source.write_text("a = 12\n")
    assert versions.fingerprint() != before


def test_fingerprint_without_a_descriptor(tmp_path, monkeypatch):
    """A folder that cannot be read for the moment ends nobody."""
    (tmp_path / "zones").mkdir()
    (tmp_path / "zones" / "service.py").write_text("a = 1\n")
    versions = HomeVersions(tmp_path, tmp_path)

    def refuse(*_args: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refuse)
        assert versions.fingerprint() == HomeVersions(tmp_path / "x", tmp_path).fingerprint()
