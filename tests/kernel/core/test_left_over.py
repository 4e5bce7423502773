"""Who is left over is told from all others by whose child it is, and by its session."""

from Kernel.core.left_over import Kin, find_left_over

KERNEL, ZYGOTE, SERVES = 10, 20, 30


def found(**more: tuple[int, int]) -> list[int]:
    """Return who is left over beside a zygote and who serves; names are p and a pid."""
    kin = {ZYGOTE: Kin(KERNEL, ZYGOTE), SERVES: Kin(KERNEL, ZYGOTE)}
    kin |= {int(name[1:]): Kin(*each) for name, each in more.items()}
    return find_left_over(kin, KERNEL, {ZYGOTE}, {ZYGOTE, SERVES})


def test_nobody_is_left_over_where_all_are_known() -> None:
    """What those have forked who are there is theirs, and so is who is just being born."""
    assert found(p31=(SERVES, ZYGOTE), p32=(31, ZYGOTE), p33=(ZYGOTE, ZYGOTE)) == []


def test_who_was_handed_to_the_kernel_is() -> None:
    """With all that it has forked itself."""
    assert found(p40=(KERNEL, ZYGOTE), p41=(40, ZYGOTE), p42=(41, ZYGOTE)) == [40, 41, 42]


def test_who_is_of_another_session_is_not() -> None:
    """Other zones, what the kernel runs itself, and the rest of the machine."""
    assert found(p50=(KERNEL, 50), p51=(KERNEL, 50), p52=(1, ZYGOTE), p53=(KERNEL, KERNEL)) == []


def test_parents_that_go_round_end() -> None:
    """What was read while processes came and went may make no sense."""
    assert found(p60=(61, ZYGOTE), p61=(60, ZYGOTE), p62=(999, ZYGOTE)) == []
