"""`molt world run`: the reference world, its inputs, its arena file and its report."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from Kernel.contract.arena import ArenaWords, Header
from Kernel.contract.errors import ConfigError
from Kernel.contract.inputs import PAUSE, RESUME, SET_PARAM, STEP, Input
from tests.zones.world.worlds import make_engine, make_world, read_events, run, send
from zones.world.__main__ import main
from zones.world.recorded import Recorded, read_inputs
from zones.world.run import read_settings, run_world
from zones.world.settings import parse_settings
from zones.world.world_hash import world_hash

ROOT = Path(__file__).resolve().parents[3]


def test_run_is_the_engine() -> None:
    """A run comes to the hash of the same ticks done by hand, and reports its counts."""
    words = make_world(seed=5)
    run(words, 700)
    report = run_world(parse_settings({"seed": 5}), 700)
    assert report.hash == world_hash(words).hex()
    assert report.tick == 700
    assert report.population == 300 + report.births + report.seeded - sum(report.deaths.values())
    assert report.windows == []


def test_hashes_on_the_way() -> None:
    """Asked for at some ticks, each is that of a run that ends there; none behind the last one."""
    settings = parse_settings({"seed": 5})
    report = run_world(settings, 120, hash_at=frozenset((0, 70, 120, 121)))
    ended = {str(tick): run_world(settings, tick).hash for tick in (0, 70, 120)}
    assert report.hashes == ended
    assert report.hash == ended["120"] and report.windows == []


def test_recorded_inputs_replay(tmp_path: Path) -> None:
    """The events of a live world, written to a file, make a run the same world."""
    words = make_world(seed=5)
    engine = make_engine(words)
    for tick in range(1, 121):
        if tick == 20:
            send(words, Input(SET_PARAM, at_tick=25, param="friction", value=0.3))
            send(words, Input(PAUSE, at_tick=22))
        if tick == 40:
            send(words, Input(STEP, steps=3))
            send(words, Input(RESUME))
        if tick == 60:
            send(words, b"nonsense")
            send(words, Input(SET_PARAM, param="cost_base", value=1.0))
        engine.tick()
    events = [event for event in read_events(words) if event["kind"] == "input.applied"]
    assert len(events) == 5
    path = tmp_path / "inputs.jsonl"
    path.write_text("\n".join(json.dumps(event) for event in reversed(events)) + "\n")
    replayed = run_world(parse_settings({"seed": 5}), 120, inputs=read_inputs(path))
    assert replayed.hash == world_hash(words).hex()
    assert run_world(parse_settings({"seed": 5}), 120).hash != replayed.hash


def test_canary_differs() -> None:
    """The canary run has another hash, so a test that compares hashes can fail."""
    for seed, ticks in ((1, 1), (2, 20), (3, 400)):
        settings = parse_settings({"seed": seed})
        canary = run_world(settings, ticks, extra_draw=True)
        assert canary.hash != run_world(settings, ticks).hash, (seed, ticks)


def test_inputs_are_found_in_a_journal(tmp_path: Path) -> None:
    """A journal as the archive writes it gives its inputs; its other events are passed over."""
    path = tmp_path / "journal.jsonl"
    applied = {"kind": "input.applied", "tick": 3, "sequence": 0, "input": {"kind": "world.pause"}}
    lines = [
        {"position": 0, "kind": "telemetry", "tick": 2, "payload": {"kind": "telemetry"}},
        {"position": 1, "kind": "input.applied", "tick": 3, "payload": applied},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read_inputs(path) == [(3, Input("world.pause"))]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[1]",
        '{"tick": 3}',
        '{"tick": 0, "input": {"kind": "world.pause"}}',
        '{"tick": 3, "input": {"kind": "world.pause", "at_tick": 4}}',
        '{"tick": 3, "input": {"kind": "world.explode"}}',
        '{"tick": 3, "input": {"kind": "world.pause"}, "x": "' + "x" * 70_000 + '"}',
    ],
)
def test_bad_inputs_are_refused(line: str, tmp_path: Path) -> None:
    """A line that is no input is refused with file and line number."""
    path = tmp_path / "inputs.jsonl"
    path.write_text('{"tick": 1, "input": {"kind": "world.pause"}}\n\n' + line + "\n")
    with pytest.raises(ConfigError, match=r"^cannot read .*inputs.jsonl: line 3"):
        read_inputs(path)


def test_missing_inputs_are_refused(tmp_path: Path) -> None:
    """A file that is not there is refused by name."""
    with pytest.raises(ConfigError, match=r"cannot read .*nothing"):
        read_inputs(tmp_path / "nothing")


def test_too_many_inputs_are_refused() -> None:
    """More inputs at one tick than the inbox holds are refused, not lost."""
    flood = [Recorded(3, Input(PAUSE))] * 20_000
    with pytest.raises(ConfigError, match="cannot apply so many inputs at tick 3"):
        run_world(parse_settings({}), 5, inputs=flood)


def test_more_than_a_window_at_one_tick_is_refused() -> None:
    """More inputs at one tick than one tick can take are refused: they would slip to the next."""
    flood = [Recorded(3, Input(PAUSE))] * 300
    with pytest.raises(ConfigError, match="cannot apply so many inputs at tick 3"):
        run_world(parse_settings({}), 5, inputs=flood)


def test_settings_file(tmp_path: Path) -> None:
    """Overrides replace keys of the file; what is no YAML map or no KEY=VALUE is refused."""
    path = tmp_path / "world.yaml"
    path.write_text("seed: 3\nfriction: 0.5\n")
    values = read_settings(path, ["world.seed=9", "sense_radius=12.5"])
    assert values == {"seed": 9, "friction": 0.5, "sense_radius": 12.5}
    with pytest.raises(ConfigError, match="cannot use --set seed"):
        read_settings(path, ["seed"])
    for text in ("- 1", "{"):
        path.write_text(text)
        with pytest.raises(ConfigError, match="cannot read"):
            read_settings(path, [])
    with pytest.raises(ConfigError, match="cannot read"):
        read_settings(tmp_path / "nothing", [])


def test_command_prints_json(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    """--json prints one document with the agreed keys; --home keeps the arena."""
    code = main(
        ["run", "--seed", "5", "--ticks", "40", "--home", str(home), "--json", "--entities", "60"]
    )
    report = json.loads(capsys.readouterr().out)
    assert code == 0
    assert set(report) >= {"tick", "hash", "population", "births", "deaths", "windows"}
    assert set(report["deaths"]) == {"starvation", "age", "collision"}
    kept = ArenaWords(memoryview(bytearray((home / "data" / "world-run.arena").read_bytes())))
    assert kept.get(Header.COMMIT) == 40
    assert world_hash(kept).hex() == report["hash"]


@pytest.mark.slow
def test_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json people get lines with a window for each 10k ticks."""
    assert main(["run", "--ticks", "10000", "--entities", "10"]) == 0
    shown = capsys.readouterr().out
    assert "     10\u2009000 " in shown.splitlines()[1]
    assert "hash " in shown


def test_command_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong setting leaves with 78 and one sentence that begins with cannot."""
    assert main(["run", "--ticks", "1", "--set", "friction=7"]) == 78
    assert capsys.readouterr().err.startswith("cannot use --set world.friction: friction is 7, ")


def test_command_refuses_a_file_by_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong value in a file is told with file and line, a misspelt key with the right one."""
    path = tmp_path / "world.yaml"
    path.write_text("# a world\nfriction: 7\n\ngravty: 1\n", encoding="utf-8")
    assert main(["run", "--ticks", "1", "--config", str(path)]) == 78
    assert capsys.readouterr().err.splitlines() == [
        f"cannot use {path}:2: friction is 7, it takes a number from 0 to 1 "
        "(of velocity kept per tick)",
        f"cannot use {path}:4: gravty is no key here; did you mean gravity?",
        f"hint: edit {path}",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ticks", "many"], "cannot take --ticks 'many': it is a whole number from 0 to "),
        (["--ticks", "-1"], "cannot take --ticks '-1': it is a whole number from 0 to "),
        (["--ticks", "1", "--threads", "0"], "cannot take --threads '0': "),
        (["--ticks", "1", "--entities", "9" * 5000], "cannot take --entities '999"),
        ([], "cannot read the command line: the following arguments are required: --ticks"),
        (["--ticks", "1", "--wings", "2"], "cannot read the command line: unrecognized"),
    ],
)
def test_wrong_words_are_2(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A word that does not fit leaves with 2 and says which, what it was, and what is allowed."""
    assert main(["run", *words]) == 2
    err = capsys.readouterr().err
    assert err.startswith(said) and "\nhint: molt world" in err and len(err) < 300


def test_every_option_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """The help page says something about each option."""
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    page = " ".join(capsys.readouterr().out.split())
    for option, text in (
        ("--set", "may be repeated"),
        ("--config FILE", "YAML"),
        ("--threads N", "no result"),
        ("--ticks N", "how far"),
    ):
        assert option in page and text in page


@pytest.mark.slow
def test_compile_shows_progress() -> None:
    """`python -m zones.world compile` loads every kernel and says so phase by phase."""
    done = subprocess.run(
        [sys.executable, "-m", "zones.world", "compile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "behave" in done.stderr
    assert "kernels are ready" in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "seed: 1\nseed: 2\n",
        "on: 1\n",
        "1: 2\nseed: 1\n",
        "seed: 2026-13-45\n",
        "seed: " + "9" * 5000 + "\n",
        "seed: 0x" + "f" * 8000 + "\n",
        "seed: " + "[" * 5000 + "\n",
        "friction: " + "{a: " * 3000 + "\n",
        "- 1\n",
        "seed: !!bool maybe\n",
        "friction: 1:99999:" + "9" * 400 + ".0\n",
    ],
)
def test_malformed_settings_are_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever a file of settings holds, it is taken or refused with 78 and one short sentence."""
    path = tmp_path / "world.yaml"
    path.write_text(text)
    assert main(["run", "--ticks", "0", "--config", str(path)]) == 78
    shown = capsys.readouterr().err
    assert shown.startswith("cannot ") and len(shown) < 1200


def test_settings_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused, as a scenario too."""
    path = tmp_path / "world.yaml"
    path.write_bytes(b"seed: \xff\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_settings(path, [])


def test_settings_are_read_as_the_kernel_reads_them(tmp_path: Path) -> None:
    """A scenario of comments only lays nothing over; MOLT_<KEY> comes before --set."""
    path = tmp_path / "world.yaml"
    path.write_text("seed: 3\nfriction: 0.5\n")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "plain.yaml").write_text("# nothing\n")
    assert read_settings(path, [], "plain", {}) == {"seed": 3, "friction": 0.5}
    told = {"MOLT_SEED": "8", "MOLT_FRICTION": "0.1", "MOLT_HOME": "x", "MOLT_GRAVITY": "1"}
    assert read_settings(path, ["friction=0.2"], "plain", told) == {"seed": 8, "friction": 0.2}


@pytest.mark.parametrize("line", [b"\xff\xfe\n", b"[" * 60_000 + b"\n", b"x" * 70_000])
def test_first_lines_that_are_no_input(line: bytes, tmp_path: Path) -> None:
    """A first line that is no text, nested too deep or too long is refused by its number."""
    path = tmp_path / "inputs.jsonl"
    path.write_bytes(line)
    with pytest.raises(ConfigError, match=r"^cannot read .*inputs.jsonl: line 1"):
        read_inputs(path)


@pytest.mark.parametrize(
    "words",
    [
        ["--events", "/dev/full"],
        ["--events", "/dev/null/x"],
        ["--home", "/etc/passwd"],
        ["--home", "/proc/1/foo"],
    ],
)
def test_what_cannot_be_written(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A place that takes no file ends the run with one sentence."""
    assert main(["run", "--ticks", "0", *words]) == 78
    assert capsys.readouterr().err.startswith("cannot ")


def test_events_go_to_no_pipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe without a reader is refused, it would be waited for; one's own streams are taken."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert main(["run", "--ticks", "0", "--events", str(pipe)]) == 78
    assert "no regular file" in capsys.readouterr().err
    assert main(["run", "--ticks", "0", "--events", "/dev/stderr"]) == 0


def test_entities_say_that_they_replace_founders(capsys: pytest.CaptureFixture[str]) -> None:
    """--entities beats the few founders of a scenario, and says so in one line."""
    words = ["run", "--ticks", "0", "--scenario", "overcrowded", "--entities", "90", "--json"]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["population"] == 90
    assert (
        shown.err.startswith("--entities 90 replaces entities: 30") and shown.err.count("\n") == 1
    )


def test_a_terminal_of_few_characters() -> None:
    """Where only ASCII can be shown the summary is printed all the same, its labels aligned."""
    run = subprocess.run(
        [sys.executable, "-m", "zones.world", "run", "--ticks", "1200"],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0 and run.stderr == ""
    assert all(line[14] == " " and line[15] != " " for line in run.stdout.splitlines())
    assert run.stdout.startswith("tick           1 200\n")
    assert "most hunger" in run.stdout and " % starved" in run.stdout
