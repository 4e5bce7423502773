"""`molt doctor`: a report for people and for programs, without a kernel."""

import json

import pytest

from Kernel.console import cli
from Kernel.console import doctor as doctor_module
from Kernel.core.checkup import Finding, Verdict


def test_a_report_for_people(tmp_path, capsys):
    """Layers, shapes and words; what is not sound has a hint; no kernel is asked."""
    code = cli.main(["--home", str(tmp_path), "doctor"])
    said = capsys.readouterr()
    assert code in (0, 1) and said.err == ""
    assert "  machine\n" in said.out and "● ok   version: 3." in said.out
    assert "ok · " in said.out.splitlines()[-1]


def test_a_report_for_programs(tmp_path, capsys):
    """One document, whose counts are those of its findings."""
    code = cli.main(["--home", str(tmp_path), "doctor", "--json"])
    report = json.loads(capsys.readouterr().out)
    verdicts = [finding["verdict"] for finding in report["findings"]]
    assert all(report[each] == verdicts.count(each) for each in ("ok", "warn", "fail"))
    assert code == (1 if report["fail"] else 0)
    assert report["home"] == str(tmp_path)
    assert set(report["findings"][0]) == {"layer", "what", "verdict", "value", "limit", "hint"}


@pytest.mark.parametrize(("verdict", "code"), [("ok", 0), ("warn", 0), ("fail", 1)])
def test_only_a_failure_fails(tmp_path, capsys, monkeypatch, verdict, code):
    """Warnings leave with 0."""
    found = Finding("home", "disk", Verdict(verdict), "1 MB", "2 MB", "molt ps")
    monkeypatch.setattr(doctor_module, "examine", lambda _machine: [found])
    assert cli.main(["--home", str(tmp_path), "doctor"]) == code
    out = capsys.readouterr().out
    assert ("limit 2 MB" in out) == (verdict != "ok")
    assert (f"hint: molt --home {tmp_path} ps" in out) == (verdict != "ok")


def test_a_broken_configuration_is_a_finding(tmp_path, capsys):
    """A key nobody knows is found and named, and everything else is told all the same."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "kernel.yaml").write_text("zoones: {}\n")
    assert cli.main(["--home", str(tmp_path), "doctor", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    (found,) = [each for each in report["findings"] if each["what"] == "configuration"]
    assert found["verdict"] == "fail" and "zoones" in found["value"]


@pytest.mark.parametrize("safe", [True, False])
def test_safe_mode_is_a_finding(kernel, capsys, safe):
    """A kernel that answers as safe mode is told of, with where to read why."""
    kernel.answers = lambda _request: {"kernel": {"safe_mode": safe}}
    cli.main(["--home", str(kernel.home), "doctor", "--json"])
    report = json.loads(capsys.readouterr().out)
    (found,) = [each for each in report["findings"] if each["what"] == "kernel"]
    assert found["verdict"] == ("fail" if safe else "ok")
    assert ("molt safe-mode status" in found["hint"]) == safe


@pytest.mark.parametrize("count", [0, 7])
def test_refused_requests_are_a_finding(kernel, capsys, count):
    """With where to read who it was; what is no count is passed over."""
    refused = {"bus": count, "console": 0, "scribe": 0, "by": [{"who": "sandbox"}]}
    kernel.answers = lambda _request: {"kernel": {"refused": refused}}
    cli.main(["--home", str(kernel.home), "doctor", "--json"])
    report = json.loads(capsys.readouterr().out)
    (found,) = [each for each in report["findings"] if each["what"] == "requests"]
    assert found["verdict"] == ("warn" if count else "ok")
    assert found["value"] == (f"refused: {count} on the bus" if count else "none was refused")
    assert ("kind=request.refused" in found["hint"]) == bool(count)
