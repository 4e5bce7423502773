"""Configuration: what is taken, what overrides what, and everything that is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.config import KernelConfig, check_services, effective, load_config, speakers
from Kernel.contract.errors import FAULTS_TOLD_MAX, ConfigError
from Kernel.contract.settings import Key, Sort
from Kernel.contract.zygote_protocol import Unprepared
from Kernel.core.limits import Limits
from Kernel.core.supervisor import Kind
from tests.structure.sources import ROOT

ZONES = "zones:\n  stable: {service: tests.support.toy, kind: arena, settings: world}\n"
WORLD = "seed: 1\nname: plain\n"


class Folder:
    """A config folder that a test writes file by file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("kernel", ZONES)
        self.write("world", WORLD)

    def write(self, name: str, text: str) -> None:
        """Write NAME.yaml."""
        (self.path / f"{name}.yaml").write_text(text, encoding="utf-8")

    def write_scenario(self, name: str, text: str) -> None:
        """Write scenarios/NAME.yaml."""
        (self.path / "scenarios").mkdir(exist_ok=True)
        (self.path / "scenarios" / f"{name}.yaml").write_text(text, encoding="utf-8")

    def load(
        self, *overrides: str, scenario: str | None = None, **environment: str
    ) -> KernelConfig:
        """Load with these --set values, this scenario and this environment alone."""
        return load_config(self.path, overrides, environment, scenario)

    def refuse(self, *overrides: str, scenario: str | None = None, **environment: str) -> str:
        """Return the message with which loading is refused."""
        with pytest.raises(ConfigError) as caught:
            self.load(*overrides, scenario=scenario, **environment)
        assert caught.value.message.startswith("cannot ") and caught.value.exit_code == 78
        return caught.value.message


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Give a folder with a sound configuration."""
    return Folder(tmp_path)


class TestTaken:
    def test_the_repository_has_a_sound_configuration(self):
        """config/ of the checkout parses, with the zones stable and archive."""
        config = load_config(ROOT / "config", (), {})
        kinds = {zone.name: zone.policy.kind for zone in config.zones}
        services = dict.fromkeys(("chronos", "archive", "sandbox"), Kind.BUS)
        assert kinds == {"stable": Kind.ARENA, **services}
        assert config.zones[0].policy.heir and config.zones[1].reads == ("stable",)

    def test_every_key_has_a_default_but_what_a_zone_is(self, folder):
        """A zone of two keys is enough; an arena has an heir unless told otherwise."""
        folder.write("kernel", "zones: {a: {service: x, kind: arena}, b: {service: y, kind: bus}}")
        arena, bus = folder.load().zones
        assert (arena.policy.heir, bus.policy.heir) == (True, False)
        assert arena.settings == {} and arena.deadline_s == 0.25

    def test_a_zone_that_is_not_enabled_is_not_there(self, folder):
        """Nobody starts it, speaks for it or reads it; what was said of it is still shown."""
        folder.write(
            "kernel",
            "zones: {a: {service: x, kind: arena}, b: {service: y, kind: bus, broker: true},"
            " c: {service: z, kind: bus, broker: true, enabled: false}}",
        )
        config = folder.load()
        assert [zone.name for zone in config.zones] == ["a", "b"]
        assert "c" not in speakers(config.zones)
        assert effective(config, {})["kernel.zones.c.enabled"].value is False
        assert "reads" in folder.refuse("kernel.zones.a.enabled=false", "kernel.zones.b.reads=[a]")

    def test_one_zone_must_be_enabled(self, folder):
        """A kernel without any zone keeps nothing alive."""
        assert "enabled" in folder.refuse("kernel.zones.stable.enabled=false")

    def test_milliseconds_become_seconds(self, folder):
        """Keys in ms are seconds in the code."""
        config = folder.load("kernel.poll_interval_ms=20", "kernel.zones.stable.deadline_ms=500")
        assert config.poll_interval_s == 0.02 and config.zones[0].deadline_s == 0.5

    def test_a_cage_follows_from_the_kind(self, folder):
        """An arena is sealed unless told otherwise, a bus zone has the cage it is given."""
        folder.write(
            "kernel",
            "zones: {a: {service: x, kind: arena}, b: {service: y, kind: bus},"
            " c: {service: z, kind: arena, cage: none}}",
        )
        config = folder.load("kernel.zones.b.cage=archive")
        assert [zone.cage for zone in config.zones] == ["sealed", "archive", "none"]
        assert effective(config, {})["kernel.zones.a.cage"] == ("sealed", "default")

    def test_limits_of_zones_and_of_temporary_processes(self, folder):
        """What is left out has the default of its table: a zone no limit, a trial always one."""
        config = folder.load("kernel.zones.stable.memory_mb=64", "kernel.call.wall_s=2")
        assert config.zones[0].limits == Limits(memory_mb=64, cpu_weight=1000)
        assert config.call.wall_s == 2.0 and config.call.each.memory_mb == 512
        assert config.trial.ticks_max == 100_000 and config.trial.source_bytes == 32 * 1024
        assert effective(config, {})["kernel.trial.at_once"] == (2, "default")
        assert effective(config, {})["kernel.call.wall_s"] == (2, "--set kernel.call.wall_s")

    def test_a_world_weighs_more_than_all_else(self, folder):
        """An arena zone has to be on time; bus zones and temporary processes are as everybody."""
        folder.write("kernel", "zones: {a: {service: x, kind: arena}, b: {service: y, kind: bus}}")
        config = folder.load()
        weights = [zone.limits.cpu_weight for zone in config.zones]
        assert weights == [1000, 100] and config.trial.each.cpu_weight == 100
        assert effective(config, {})["kernel.zones.a.cpu_weight"] == (1000, "default")

    def test_steps_follow_from_what_a_zone_is(self, folder):
        """A world is never held back, nor is who stores events; the order is that of severity."""
        folder.write(
            "kernel",
            "zones: {a: {service: x, kind: arena}, b: {service: y, kind: bus},"
            " c: {service: z, kind: bus, broker: true}}",
        )
        config = folder.load("kernel.zones.b.steps=[kill, warn]", "kernel.governor.calm_s=7")
        steps = [[step.word for step in zone.steps] for zone in config.zones]
        assert steps == [["warn", "restart", "kill"], ["warn", "kill"], ["warn", "restart", "kill"]]
        assert config.governor.calm_s == 7 == config.zones[0].governor.calm_s
        said = folder.refuse("kernel.zones.a.steps=[throttle]", "kernel.zones.c.steps=[pause]")
        assert "zones.a.steps names throttle, and nothing may hold it back" in said
        assert "zones.c.steps names pause" in said
        assert "governor is 3, it takes the keys of the governor" in folder.refuse(
            "kernel.governor=3"
        )


class TestOverrides:
    def test_set_beats_environment_beats_file(self, folder):
        """--set overrides MOLT_<KEY>, which overrides the file."""
        assert folder.load().zones[0].settings["seed"] == 1
        assert folder.load(MOLT_SEED="2").zones[0].settings["seed"] == 2
        assert folder.load("world.seed=3", MOLT_SEED="2").zones[0].settings["seed"] == 3

    def test_environment_speaks_of_known_keys_only(self, folder):
        """MOLT_HOME and the like are no keys of the world."""
        assert folder.load(MOLT_HOME="/x").zones[0].settings == {"seed": 1, "name": "plain"}

    def test_the_variable_of_ollama_is_honoured(self, folder):
        """It says where the model server is, where there is a file of agents to say it in."""
        assert folder.load(OLLAMA_HOST="localhost:1").sources.values["world"]["seed"] == 1
        folder.write("agents", "model: x\n")
        sources = folder.load(OLLAMA_HOST="localhost:1").sources
        assert sources.values["agents"]["ollama_host"] == "localhost:1"
        assert sources.origin("agents.ollama_host") == "OLLAMA_HOST"
        said = folder.load("agents.ollama_host=b:2", OLLAMA_HOST="a:1").sources
        assert said.values["agents"]["ollama_host"] == "b:2"
        assert "ollama_host" not in folder.load(OLLAMA_HOST="").sources.values["agents"]

    def test_values_are_yaml(self, folder):
        """An override has the type YAML gives it; everything behind the first = is value."""
        settings = folder.load("world.a=1.5", "world.b=true", "world.c=x=y").zones[0].settings
        assert (settings["a"], settings["b"], settings["c"]) == (1.5, True, "x=y")

    def test_dots_go_deeper(self, folder):
        """A dotted key makes the maps on its way."""
        assert folder.load("world.a.b.c=1").zones[0].settings["a"] == {"b": {"c": 1}}

    def test_the_last_set_wins(self, folder):
        """Of two overrides of one key the later one is used."""
        assert folder.load("world.seed=3", "world.seed=4").zones[0].settings["seed"] == 4

    @pytest.mark.parametrize(
        "override", ["seed=3", "world.seed", "nosuch.seed=3", "=3", "world=3", ".seed=3"]
    )
    def test_set_that_names_no_key_is_refused(self, folder, override):
        """--set takes FILE.KEY=VALUE with a known file, and the message repeats what was said."""
        message = folder.refuse(override)
        assert override in message and "kernel, world" in message

    def test_set_below_a_plain_value_is_refused(self, folder):
        """There is nothing below a number."""
        assert "seed holds no keys" in folder.refuse("world.seed.deeper=1")

    @pytest.mark.parametrize("text", ["[1", "{a: 1, a: 2}", "{1: 2}", "{[1]: 2}"])
    def test_set_of_no_plain_value_is_refused_by_name(self, folder, text):
        """What is no plain YAML is refused, naming the key, on either road."""
        assert "world.seed" in folder.refuse(f"world.seed={text}")
        assert "MOLT_SEED" in folder.refuse(MOLT_SEED=text)

    @pytest.mark.parametrize("text", ["2026-11-20", "!!set {a, b}", str(2**64), "&x [*x]"])
    def test_value_that_cannot_be_sent_is_refused_by_name(self, folder, text):
        """Dates, sets, huge numbers and loops cannot be told to a zygote: refused at boot."""
        assert "--set world.seed" in folder.refuse(f"world.seed={text}")
        assert "MOLT_SEED" in folder.refuse(MOLT_SEED=text)

    @pytest.mark.slow
    @given(text=st.text(max_size=40))
    def test_any_set_is_taken_or_refused_in_words(self, tmp_path_factory, text):
        """Whatever stands behind --set: a configuration or a ConfigError, never a crash."""
        folder = Folder(tmp_path_factory.getbasetemp())
        for override in (text, f"world.{text}", f"world.seed={text}", f"kernel.zones={text}"):
            try:
                folder.load(override)
            except ConfigError as error:
                assert error.message.startswith("cannot ")


class TestScenarios:
    def test_it_is_laid_over_the_world(self, folder):
        """A scenario replaces keys of world.yaml and adds others; the rest stays."""
        folder.write_scenario("harsh", "seed: 5\nresources: 40\n")
        config = folder.load(scenario="harsh")
        assert config.zones[0].settings == {"seed": 5, "name": "plain", "resources": 40}
        assert config.scenario == "harsh" and folder.load().scenario is None
        assert folder.load().zones[0].settings == {"seed": 1, "name": "plain"}

    def test_environment_and_set_beat_it(self, folder):
        """A scenario is overridden by MOLT_<KEY>, for its own keys too, and that by --set."""
        folder.write_scenario("harsh", "seed: 5\nresources: 40\n")
        settings = folder.load(scenario="harsh", MOLT_RESOURCES="30").zones[0].settings
        assert (settings["seed"], settings["resources"]) == (5, 30)
        config = folder.load("world.resources=20", scenario="harsh", MOLT_RESOURCES="30")
        assert config.zones[0].settings["resources"] == 20

    def test_an_empty_one_changes_nothing(self, folder):
        """A scenario of comments only is the world as it is configured."""
        folder.write_scenario("default", "# as world.yaml has it\n")
        assert folder.load(scenario="default").zones == folder.load().zones

    def test_files_of_scenarios_are_no_settings(self, folder):
        """Only --scenario reads that folder: a broken file there harms no other boot."""
        folder.write_scenario("broken", "[")
        assert folder.load().zones[0].settings["seed"] == 1

    @pytest.mark.parametrize("name", ["hash", "", "../world", "HARSH"])
    def test_one_that_is_not_there_is_refused(self, folder, name):
        """The message names those there are."""
        folder.write_scenario("harsh", "seed: 5\n")
        assert folder.refuse(scenario=name).endswith("there are harsh")

    @pytest.mark.parametrize("text", ["seed: 1\nseed: 2\n", "- 1\n", "1: 2\n", "a: [1\n"])
    def test_file_that_is_no_plain_map(self, folder, text):
        """A scenario's file is read as strictly as any other, and named."""
        folder.write_scenario("harsh", text)
        assert "harsh.yaml" in folder.refuse(scenario="harsh")

    def test_value_that_cannot_be_sent(self, folder):
        """A date is refused by its line in the scenario."""
        folder.write_scenario("harsh", "# harsh\nseed: 2026-11-20\n")
        assert "scenarios/harsh.yaml:2: seed is " in folder.refuse(scenario="harsh")


class TestRefusedFiles:
    def test_missing_kernel_file(self, folder):
        """Without kernel.yaml there is no kernel."""
        (folder.path / "kernel.yaml").unlink()
        assert str(folder.path / "kernel.yaml") in folder.refuse()

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("a: 1\na: 2\n", "world.yaml:2: a stands there twice, first in line 1"),
            ("a: {b: 1, b: 2}\n", "world.yaml:1: a.b stands there twice"),
            ("- 1\n", "keys and values"),
            ("just words\n", "keys and values"),
            ("a: [1\n", "cannot read"),
            ("a: !!python/object:os.system {}\n", "cannot read"),
            ("1: 2\n", "world.yaml:1: 1 is no text and cannot be a key"),
            ("yes: 2\n", "world.yaml:1: yes is no text and cannot be a key"),
            ("? [a]\n: 2\n", "world.yaml:1: a list or map is no text and cannot be a key"),
        ],
    )
    def test_file_that_is_no_plain_map(self, folder, text, words):
        """Twice the same key, no map, no YAML, no text as key: refused with file and place."""
        folder.write("world", text)
        message = folder.refuse()
        assert words in message and "world.yaml" in message

    def test_file_that_is_no_text(self, folder):
        """Bytes that are not UTF-8 are refused."""
        (folder.path / "world.yaml").write_bytes(b"a: \xff\xfe\n")
        assert "world.yaml" in folder.refuse()

    def test_an_editors_files_are_passed_over(self, folder):
        """The dangling lock of Emacs and a draft with a dot are no configuration."""
        (folder.path / ".#world.yaml").symlink_to("somebody@host.1")
        (folder.path / ".world.yaml").write_text("a: [")
        assert set(folder.load().sources.values) == {"kernel", "world"}

    def test_half_a_character_as_a_key(self, folder):
        """It used to end the kernel when the environment was asked for it."""
        folder.write("world", 'seed: 1\n"\\ud800": 1\n')
        assert "world.yaml:2: \\ud800 holds half a character" in folder.refuse()

    def test_empty_file_holds_nothing(self, folder):
        """An empty file is an empty map."""
        folder.write("world", "# nothing yet\n")
        assert folder.load().zones[0].settings == {}


ZONE = "kernel.zones.stable."


class TestRefusedValues:
    @pytest.mark.parametrize(
        ("override", "key"),
        [
            ("kernel.nosuch=1", "nosuch"),
            (ZONE + "nosuch=1", "zones.stable.nosuch"),
            ("kernel.poll_interval_ms=0", "poll_interval_ms"),
            ("kernel.poll_interval_ms=1001", "poll_interval_ms"),
            ("kernel.poll_interval_ms=fast", "poll_interval_ms"),
            ("kernel.poll_interval_ms=true", "poll_interval_ms"),
            ("kernel.poll_interval_ms=.nan", "poll_interval_ms"),
            ("kernel.stop_deadline_s=.inf", "stop_deadline_s"),
            ("kernel.stop_deadline_s=null", "stop_deadline_s"),
            ("kernel.snapshot_on_stop=1", "snapshot_on_stop"),
            ("kernel.zones={}", "zones"),
            ("kernel.zones=[stable]", "zones"),
            ("kernel.zones.stable=3", "zones.stable"),
            (ZONE + "kind=tcp", "zones.stable.kind"),
            (ZONE + "kind=[arena]", "zones.stable.kind"),
            (ZONE + "service=3", "zones.stable.service"),
            (ZONE + "settings=nosuch", "zones.stable.settings"),
            (ZONE + "settings=[world]", "zones.stable.settings"),
            (ZONE + "settings=3", "zones.stable.settings"),
            (ZONE + "reads=stable", "zones.stable.reads"),
            (ZONE + "reads=[1]", "zones.stable.reads"),
            (ZONE + "reads=[nosuch]", "zones.stable.reads"),
            (ZONE + "heir=maybe", "zones.stable.heir"),
            (ZONE + "deadline_ms=9", "zones.stable.deadline_ms"),
            (ZONE + "nice=-1", "zones.stable.nice"),
            (ZONE + "nice=20", "zones.stable.nice"),
            (ZONE + "nice=1.5", "zones.stable.nice"),
            (ZONE + "cage=open", "zones.stable.cage"),
            (ZONE + "memory_mb=-1", "zones.stable.memory_mb"),
            (ZONE + "may=[trial]", "zones.stable.may"),
            (ZONE + "may=[reboot]", "zones.stable.may"),
            ("kernel.trial=3", "trial"),
            ("kernel.trial.memory_mb=0", "trial.memory_mb"),
            ("kernel.call.ticks_max=3", "call.ticks_max"),
            ("kernel.uncaged=1", "uncaged"),
            (ZONE + "free_failures=2.5", "zones.stable.free_failures"),
            (ZONE + "free_failures=-1", "zones.stable.free_failures"),
            (ZONE + "backoff_base_s=0", "zones.stable.backoff_base_s"),
            (ZONE + "backoff_cap_s=1e9", "zones.stable.backoff_cap_s"),
            (ZONE + "healthy_after_s=0", "zones.stable.healthy_after_s"),
        ],
    )
    def test_value_out_of_place_is_refused_with_its_key(self, folder, override, key):
        """Unknown key, wrong type, out of range: the message names who said it, and the key."""
        message = folder.refuse(override)
        assert message.startswith(f"cannot use --set {override.partition('=')[0]}: {key} ")

    def test_a_file_that_is_gone_is_named(self, folder):
        """Not the line that names it: which file is missing, and how to get it back."""
        (folder.path / "world.yaml").unlink()
        with pytest.raises(ConfigError) as caught:
            folder.load()
        assert f"and {folder.path / 'world.yaml'} is missing" in caught.value.message
        assert caught.value.hint == "git checkout config/world.yaml"
        folder.write("wolrd", WORLD)
        with pytest.raises(ConfigError) as caught:
            folder.load()
        assert "did you mean wolrd?" in caught.value.message
        assert caught.value.hint == f"edit {folder.path / 'kernel.yaml'}"

    def test_a_bus_zone_is_given_the_time_of_its_heartbeats(self, folder):
        """Without a word more than a world is; with one not less than two heartbeats take."""
        both = "zones:\n  a: {service: x, kind: arena}\n  b: {service: x, kind: bus"
        folder.write("kernel", both + "}\n")
        config = folder.load()
        assert [zone.deadline_s for zone in config.zones] == [0.25, 5.0]
        told = effective(config, {})
        assert told["kernel.zones.b.deadline_ms"] == (5000, "default")
        folder.write("kernel", both + ", deadline_ms: 250}\n")
        assert "zones.b.deadline_ms is 250, a bus zone takes 500 (ms) at least" in folder.refuse()
        folder.write("kernel", both + ", deadline_ms: 500}\n")
        assert folder.load().zones[1].deadline_s == 0.5

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("    nice: 20", "zones.a.nice is 20, it takes a whole number from 0 to 19"),
            ("    deadline_ms: fast", "zones.a.deadline_ms is 'fast', it takes a number from 10"),
            ("    deadlin_ms: 250", "zones.a.deadlin_ms is no key here; did you mean deadline_ms?"),
            ("    watchdog: off", "zones.a.watchdog is false, it takes passive, active or strict"),
            ("    reads: [b]", "zones.a.reads names 'b'; arena zones are a"),
            ("poll_interval_ms: 0", "poll_interval_ms is 0, it takes a number from 1 to 1000 (ms)"),
            ("snapshot_on_stop: 1", "snapshot_on_stop is 1, it takes true or false"),
            ("zone: 1", "zone is no key here; there are poll_interval_ms, "),
        ],
    )
    def test_value_in_a_file_is_refused_by_its_line(self, folder, line, why):
        """File, line, key, value, what it takes, and the file to edit."""
        path = folder.path / "kernel.yaml"
        folder.write("kernel", f"# mine\nzones:\n  a:\n    service: x\n    kind: arena\n{line}\n")
        with pytest.raises(ConfigError) as caught:
            folder.load()
        assert caught.value.message.startswith(f"cannot use {path}:6: {why}")
        assert caught.value.hint == f"edit {path}"

    def test_what_is_missing_is_where_it_should_be(self, folder):
        """A zone without a kind is told in the line of the zone."""
        folder.write("kernel", "zones:\n  # the one\n  a: {service: x}\n")
        assert "kernel.yaml:3: zones.a.kind is missing, it takes arena or bus" in folder.refuse()

    def test_all_faults_are_told(self, folder):
        """Each fault of every file has its line; a zone that is at fault causes no others."""
        folder.write(
            "kernel",
            "poll_interval_ms: 0\nzones:\n  a: {service: x, kind: arena, nice: 99}\n"
            "  b: {service: y, kind: bus, reads: [a], heri: true}\n",
        )
        lines = folder.refuse().splitlines()
        assert [line.partition(": ")[0].rpartition(":")[2] for line in lines] == ["1", "3", "4"]
        folder.write("world", "a: 1\na: 2\nb: 1\nb: 1\n")
        folder.write("other", "[")
        message = folder.refuse()
        assert message.count("stands there twice") == 2 and "other.yaml:1" in message

    def test_a_flood_of_faults_is_counted(self, folder):
        """What nobody would read is only counted."""
        folder.write("kernel", ZONES + "".join(f"key{n}: 1\n" for n in range(500)))
        lines = folder.refuse().splitlines()
        assert len(lines) == FAULTS_TOLD_MAX + 1 and lines[-1] == "and 480 more"

    @pytest.mark.parametrize("name", ["Stable", "sta-ble", "1st", "a" * 25, "größe", "a b", "''"])
    def test_zone_name_must_do_for_every_road(self, folder, name):
        """A zone name is a file name, an endpoint and a word of `wait`: short and plain."""
        folder.write("kernel", f"zones: {{{name}: {{service: x, kind: bus}}}}")
        assert "zones." in folder.refuse()

    def test_bus_zone_has_no_heir(self, folder):
        """Two processes of a bus zone would both serve: an heir is refused there."""
        folder.write("kernel", "zones: {a: {service: x, kind: bus, heir: true}}")
        assert "zones.a.heir" in folder.refuse()

    def test_events_have_one_broker(self, folder):
        """One bus zone at most receives all events; the others and the kernel are its speakers."""
        assert speakers(folder.load().zones) == ()
        bus = "{service: tests.support.toy, kind: bus, broker: true}"
        folder.write(
            "kernel", f"{ZONES}  archive: {bus}\n  scout: {bus.replace('true', 'false')}\n"
        )
        assert speakers(folder.load().zones) == ("archive", "scout", "kernel", "scribe")
        said = folder.refuse("kernel.zones.scout.broker=true")
        assert "zones.scout.broker is true, and archive receives the events already" in said
        said = folder.refuse("kernel.zones.stable.broker=true", "kernel.zones.archive.broker=false")
        assert "zones.stable.broker is true, only a bus zone receives events" in said

    @pytest.mark.parametrize("name", ["kernel", "scribe"])
    def test_nobody_is_called_like_another_speaker(self, folder, name):
        """A zone of that name would speak for the kernel, or for every program outside."""
        folder.write("kernel", f"{ZONES}  {name}: {{service: tests.support.toy, kind: bus}}\n")
        assert f"zones.{name} has the name of one who sends" in folder.refuse()

    def test_only_arenas_can_be_read(self, folder):
        """A bus zone has nothing to map."""
        folder.write(
            "kernel", "zones: {a: {service: x, kind: bus}, b: {service: y, kind: bus, reads: [a]}}"
        )
        assert "zones.b.reads" in folder.refuse()


class TestMalformed:
    @pytest.mark.parametrize(
        "content",
        [
            b"seed: \xff",
            b"seed: 2026-13-45",
            b"seed: " + b"9" * 5000,
            b"seed: " + b"[" * 3000,
            b"seed: !!bool maybe",
            b'seed: "\\U0FFFFFFF"',
            b"? [1]\n: 2",
        ],
    )
    def test_a_file_that_yaml_cannot_make_is_refused(self, folder, content):
        """No text, no date, a number too long, nesting too deep: one sentence, and exit 78."""
        (folder.path / "world.yaml").write_bytes(content)
        assert len(folder.refuse()) < 1000
        text = content.partition(b": ")[2]
        if text.isascii() and content.startswith(b"seed"):
            folder.write("world", WORLD)
            assert len(folder.refuse("world.seed=" + text.decode())) < 1000

    def test_a_huge_number_is_refused(self, folder):
        """A whole number that Python does not write out is refused without being written out."""
        number = "0x" + "f" * 8000
        assert "too large to show" in folder.refuse(f"kernel.poll_interval_ms={number}")


class TestServices:
    def test_what_a_service_refuses_gets_its_place(self, folder):
        """Only the kernel knows where a key was said: it completes the words of the service."""
        folder.write("world", "# a world\nseed: -1\n")
        (zone,) = folder.load(MOLT_SEED="-2").zones
        faults = [{"key": "seed", "why": "is -2, above 0"}, {"key": "b", "why": "is missing"}]
        said = zone.explain(Unprepared(78, "cannot use world.yaml: seed", "", faults))
        assert said.message.splitlines() == [
            "cannot use MOLT_SEED: seed is -2, above 0",
            f"cannot use {folder.path / 'world.yaml'}: b is missing",
        ]
        assert said.hint == "unset MOLT_SEED"
        (zone,) = folder.load().zones
        assert "world.yaml:2: seed is" in zone.explain(said).message

    @pytest.mark.parametrize("faults", [[], [{"key": "seed"}], ["seed"]])
    def test_a_service_of_another_version_is_taken_at_its_word(self, folder, faults):
        """Without faults, or with some of an unknown form, the message stays as it is."""
        (zone,) = folder.load().zones
        said = Unprepared(78, "cannot use world.yaml: seed is -1", "edit it", faults)
        assert zone.explain(said) == said

    def test_values_are_checked_by_the_table_a_service_tells(self, folder):
        """A running kernel refuses a wrong value of a service without asking it."""
        folder.write("world", "sede: 1\nseed: 300\n")
        table = (Key("seed", Sort.WHOLE, 1, 0, 255),)
        with pytest.raises(ConfigError) as caught:
            check_services(folder.load(), {"world": table})
        assert [line.partition(": ")[2] for line in caught.value.message.splitlines()] == [
            "sede is no key here; did you mean seed?",
            "seed is 300, it takes a whole number from 0 to 255",
        ]


class TestEffective:
    def test_every_key_says_where_it_comes_from(self, folder):
        """File and line, scenario, environment, --set, or the default of the table."""
        folder.write("kernel", "stop_deadline_s: 3\n" + ZONES)
        folder.write_scenario("harsh", "# harsh\nname: harsh\n")
        config = folder.load("kernel.probe_base_s=7", scenario="harsh", MOLT_SEED="2")
        table = (Key("seed", Sort.WHOLE, 1, 0, 9), Key("more", Sort.NUMBER, 0.5, 0, 1))
        found = effective(config, {"world": table})
        kernel, harsh = folder.path / "kernel.yaml", folder.path / "scenarios" / "harsh.yaml"
        assert found["kernel.stop_deadline_s"] == (3, f"{kernel}:1")
        assert found["kernel.poll_interval_ms"] == (100, "default")
        assert found["kernel.probe_base_s"] == (7, "--set kernel.probe_base_s")
        assert found["kernel.zones.stable.kind"] == ("arena", f"{kernel}:3")
        assert found["kernel.zones.stable.heir"] == (True, "default")
        assert found["world.seed"] == (2, "MOLT_SEED")
        assert found["world.name"] == ("harsh", f"{harsh}:2")
        assert found["world.more"] == (0.5, "default")

    def test_what_replaces_a_map_has_said_all_of_it(self, folder):
        """After --set of a whole zone no key of it comes from the file."""
        config = folder.load("kernel.zones.stable={service: a, kind: bus}")
        found = effective(config, {})
        origins = {key: found[key].origin for key in found if ".stable." in key}
        assert set(origins.values()) == {"--set kernel.zones.stable", "default"}
