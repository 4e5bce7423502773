"""What follows when the files are read again: each key has its effect, and what is refused why."""

from pathlib import Path

import pytest

from Kernel.config import KernelConfig, effective, load_config
from Kernel.config_changes import Change, plan_changes
from Kernel.config_keys import KERNEL_KEYS, MAP_KEYS, ZONE_KEYS
from Kernel.contract.settings import Effect, Key, Sort

KERNEL = """
poll_interval_ms: 50
zones:
  stable: {service: s, kind: arena, settings: world, nice: 3}
  archive: {service: c, kind: bus, settings: archive, reads: [stable]}
"""
TABLES = {
    "world": (
        Key("seed", Sort.WHOLE, 1, 0, 99, effect=Effect.FOUNDING),
        Key("entities", Sort.WHOLE, None, 0, 99, effect=Effect.FOUNDING, of=("slots", 3, 5)),
        Key("slots", Sort.WHOLE, 50, 0, 99, effect=Effect.BOOT),
        Key("tick_rate_ms", Sort.NUMBER, 16, 1, 99, effect=Effect.BOOT),
        Key("friction", Sort.NUMBER, 0.85, 0, 1, effect=Effect.TICK),
    ),
    "archive": (Key("kept", Sort.WHOLE, 3, 1, 9, effect=Effect.GENERATION),),
}


@pytest.fixture
def read(tmp_path: Path):
    """Give a function that reads a configuration from three texts."""

    def read(kernel: str = KERNEL, world: str = "seed: 1\n", archive: str = "") -> KernelConfig:
        for name, text in (("kernel", kernel), ("world", world), ("archive", archive)):
            (tmp_path / f"{name}.yaml").write_text(text)
        return load_config(tmp_path, (), {})

    return read


def plan(old: KernelConfig, new: KernelConfig) -> list[tuple[str, object, object, str]]:
    """Return what is planned, without the words."""
    return [
        (each["key"], each["old"], each["new"], each["effect"])
        for each in (change.fields() for change in plan_changes(old, new, TABLES))
    ]


def test_nothing_changes_by_saying_the_same(read):
    """A comment, another order, or a default that is now written down are no change."""
    again = read(
        "# new\n" + KERNEL.replace("50", "50.0") + "stop_deadline_s: 10\n",
        "friction: 0.85\nseed: 1\n",
        "kept: 3\n",
    )
    assert plan(read(), again) == []


def test_each_key_has_its_effect(read):
    """Now, next tick, next process, next generation, or refused; in order of keys."""
    kernel = KERNEL.replace("50", "20").replace("nice: 3", "nice: 4, deadline_ms: 500")
    assert plan(read(), read(kernel, "seed: 2\ntick_rate_ms: 8\nfriction: 0.9\n", "kept: 5\n")) == [
        ("archive.kept", 3, 5, "next generation"),
        ("kernel.poll_interval_ms", 50, 20, "now"),
        ("kernel.zones.stable.deadline_ms", 250, 500, "now"),
        ("kernel.zones.stable.nice", 3, 4, "next process"),
        ("world.friction", 0.85, 0.9, "next tick"),
        ("world.seed", 1, 2, "refused"),
        ("world.tick_rate_ms", 16, 8, "refused"),
    ]


def test_what_is_refused_says_why_and_what_helps(read):
    """A seed is for another world; an archive's key says how to make it count."""
    kept, seed = plan_changes(read(), read(world="seed: 2\n", archive="kept: 5\n"), TABLES)
    assert seed == Change(
        "world.seed", 1, 2, Effect.FOUNDING, "counts only when a world is founded",
        "python manifest.py --home OTHER --set world.seed=2",
    )  # fmt: skip
    assert (kept.why, kept.hint) == ("", "molt soft-restart archive --fresh")


def test_a_key_left_out_goes_back_to_its_default(read):
    """Taking a parameter out of the file sends the world the default of its table."""
    assert plan(read(world="friction: 0.5\n"), read(world="")) == [
        ("world.friction", 0.5, 0.85, "next tick")
    ]


def test_a_key_that_follows_from_another_has_a_value(read):
    """Left out it is what follows; saying the same is no change, and its hint has a value."""
    assert plan(read(world="entities: 30\n"), read(world="")) == []
    (change,) = plan_changes(read(world="entities: 40\n"), read(world=""), TABLES)
    assert (change.old, change.new) == (40, 30)
    assert change.hint.endswith("--set world.entities=30")
    assert effective(read(world="slots: 11\n"), TABLES)["world.entities"] == (6, "default")


def test_zones_come_and_go_at_boot_only(read):
    """A zone that is added or taken away is told once, not key by key."""
    added = KERNEL + "  more: {service: m, kind: bus}\n"
    assert plan(read(), read(added)) == [("kernel.zones.more", "no zone", "a zone", "refused")]
    assert plan(read(added), read()) == [("kernel.zones.more", "a zone", "no zone", "refused")]


def test_what_a_zone_is_cannot_change(read):
    """Another service, kind or heir is refused; so is another file, of which no key is told."""
    other = KERNEL.replace("kind: bus, settings: archive", "kind: bus, settings: world")
    assert plan(read(), read(other)) == [
        ("kernel.zones.archive.settings", "archive", "world", "refused")
    ]
    other = KERNEL.replace("service: c, kind: bus", "service: d, kind: arena")
    assert [(key, effect) for key, _, _, effect in plan(read(), read(other))] == [
        ("kernel.zones.archive.cage", "refused"),
        ("kernel.zones.archive.cpu_weight", "now"),
        ("kernel.zones.archive.deadline_ms", "now"),
        ("kernel.zones.archive.heir", "refused"),
        ("kernel.zones.archive.kind", "refused"),
        ("kernel.zones.archive.service", "refused"),
        ("kernel.zones.archive.steps", "now"),
    ]


def test_a_service_that_tells_no_table_takes_all_with_its_next_generation(read):
    """An older version of a service checks its settings when it is prepared."""
    (change,) = plan_changes(read(), read(world="seed: 2\n"), {})
    assert (change.effect, change.hint) == (
        Effect.GENERATION, "molt soft-restart stable --fresh",
    )  # fmt: skip


def test_keys_of_one_name_have_the_effect_of_their_map(read):
    """`descriptors` counts for the next process of a zone, and at once for the next trial."""
    limited = "trial: {descriptors: 99}\n" + KERNEL.replace(
        "service: c,", "service: c, descriptors: 99,"
    )
    assert plan(read(), read(limited)) == [
        ("kernel.trial.descriptors", 128, 99, "now"),
        ("kernel.zones.archive.descriptors", 0, 99, "next process"),
    ]


def test_every_key_of_the_kernel_has_an_effect_it_can_have():
    """No key of kernel.yaml waits for a world."""
    cells = (key for keys in MAP_KEYS.values() for key in keys)
    for key in (*KERNEL_KEYS, *ZONE_KEYS, *cells):
        assert key.effect in (Effect.NOW, Effect.PROCESS, Effect.BOOT), key.name
