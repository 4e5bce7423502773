"""Configuration: what is taken, what overrides what, and everything that is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.config import KernelConfig, load_config
from Kernel.contract.errors import ConfigError
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
        assert kinds == {"stable": Kind.ARENA, "archive": Kind.BUS}
        assert config.zones[0].policy.heir and config.zones[1].reads == ("stable",)

    def test_every_key_has_a_default_but_what_a_zone_is(self, folder):
        """A zone of two keys is enough; an arena has an heir unless told otherwise."""
        folder.write("kernel", "zones: {a: {service: x, kind: arena}, b: {service: y, kind: bus}}")
        arena, bus = folder.load().zones
        assert (arena.policy.heir, bus.policy.heir) == (True, False)
        assert arena.settings == {} and arena.deadline_s == 0.25

    def test_milliseconds_become_seconds(self, folder):
        """Keys in ms are seconds in the code."""
        config = folder.load("kernel.poll_interval_ms=20", "kernel.zones.stable.deadline_ms=500")
        assert config.poll_interval_s == 0.02 and config.zones[0].deadline_s == 0.5


class TestOverrides:
    def test_set_beats_environment_beats_file(self, folder):
        """--set overrides MOLT_<KEY>, which overrides the file."""
        assert folder.load().zones[0].settings["seed"] == 1
        assert folder.load(MOLT_SEED="2").zones[0].settings["seed"] == 2
        assert folder.load("world.seed=3", MOLT_SEED="2").zones[0].settings["seed"] == 3

    def test_environment_speaks_of_known_keys_only(self, folder):
        """MOLT_HOME and the like are no keys of the world."""
        assert folder.load(MOLT_HOME="/x").zones[0].settings == {"seed": 1, "name": "plain"}

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
        assert "world.seed" in folder.refuse(f"world.seed={text}")
        assert "world.seed" in folder.refuse(MOLT_SEED=text)

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
        """A date is refused by the key of the world it stands for."""
        folder.write_scenario("harsh", "seed: 2026-11-20\n")
        assert "world.seed" in folder.refuse(scenario="harsh")


class TestRefusedFiles:
    def test_missing_kernel_file(self, folder):
        """Without kernel.yaml there is no kernel."""
        (folder.path / "kernel.yaml").unlink()
        assert str(folder.path / "kernel.yaml") in folder.refuse()

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("a: 1\na: 2\n", "line 2: key 'a' stands there twice"),
            ("a: {b: 1, b: 2}\n", "line 1: key 'b' stands there twice"),
            ("- 1\n", "keys and values"),
            ("just words\n", "keys and values"),
            ("a: [1\n", "cannot read"),
            ("a: !!python/object:os.system {}\n", "cannot read"),
            ("1: 2\n", "line 1: key 1 is not text"),
            ("yes: 2\n", "line 1: key True is not text"),
            ("? [a]\n: 2\n", "line 1: key ['a'] is not text"),
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
            (ZONE + "free_failures=2.5", "zones.stable.free_failures"),
            (ZONE + "free_failures=-1", "zones.stable.free_failures"),
            (ZONE + "backoff_base_s=0", "zones.stable.backoff_base_s"),
            (ZONE + "backoff_cap_s=1e9", "zones.stable.backoff_cap_s"),
            (ZONE + "healthy_after_s=0", "zones.stable.healthy_after_s"),
        ],
    )
    def test_value_out_of_place_is_refused_with_file_and_key(self, folder, override, key):
        """Unknown key, wrong type, out of range: the message names file and key."""
        message = folder.refuse(override)
        assert "kernel.yaml" in message and key in message

    @pytest.mark.parametrize("name", ["Stable", "sta-ble", "1st", "a" * 25, "größe", "a b", "''"])
    def test_zone_name_must_do_for_every_road(self, folder, name):
        """A zone name is a file name, an endpoint and a word of `wait`: short and plain."""
        folder.write("kernel", f"zones: {{{name}: {{service: x, kind: bus}}}}")
        assert "zones." in folder.refuse()

    def test_bus_zone_has_no_heir(self, folder):
        """Two processes of a bus zone would both serve: an heir is refused there."""
        folder.write("kernel", "zones: {a: {service: x, kind: bus, heir: true}}")
        assert "zones.a.heir" in folder.refuse()

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
