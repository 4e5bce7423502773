"""An assembler of classic BPF, as seccomp takes it, and a machine that runs such programs.

Owns: instructions, labels, jumps farther than a byte reaches. Does not own: what a filter allows
(`filters.py`). Pure. `judge` runs a program as the OS would, so that a filter can be asked about
every call of every machine without making one.

Source: Linux `include/uapi/linux/{bpf_common,filter,seccomp}.h`, `kernel/seccomp.c`.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

ALLOW: Final = 0x7FFF0000
KILL: Final = 0x80000000
"""SECCOMP_RET_KILL_PROCESS."""
ERRNO: Final = 0x00050000
NUMBER_AT: Final = 0
MACHINE_AT: Final = 4
_ARGUMENTS_AT: Final = 16
PROGRAM_LENGTH_MAX: Final = 4096
_WORD: Final = 0xFFFFFFFF

LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
JUMP: Final = 0x05  # BPF_JMP | BPF_JA
IF_EQUAL: Final = 0x15
IF_GREATER: Final = 0x25
IF_AT_LEAST: Final = 0x35
IF_SET: Final = 0x45
RETURN: Final = 0x06
_TESTS: Final = {
    IF_EQUAL: lambda a, k: a == k,
    IF_GREATER: lambda a, k: a > k,
    IF_AT_LEAST: lambda a, k: a >= k,
    IF_SET: lambda a, k: a & k != 0,
}
_INSTRUCTION: Final = struct.Struct("<HBBI")


def argument_at(index: int, high: bool = False) -> int:
    """Return where the low (or high) word of an argument is in what a filter is given."""
    return _ARGUMENTS_AT + 8 * index + (4 if high else 0)


@dataclass(slots=True)
class _Step:
    code: int
    k: int = 0
    yes: str = ""
    no: str = ""
    """Labels; "": the next step."""


@dataclass(slots=True)
class Assembler:
    """A program being written: steps in order, and labels between them."""

    _steps: list[_Step] = field(default_factory=list)
    _labels: dict[str, int] = field(default_factory=dict)

    def label(self, name: str) -> None:
        """Name the place of the next step."""
        assert name not in self._labels, f"the label {name} stands twice"
        self._labels[name] = len(self._steps)

    def load(self, offset: int) -> None:
        """Take a word of what the filter is given."""
        self._steps.append(_Step(LOAD, offset))

    def mask(self, bits: int) -> None:
        """Keep only these bits of the word."""
        self._steps.append(_Step(AND, bits))

    def test(self, code: int, k: int, yes: str = "", no: str = "") -> None:
        """Go to a label, depending on the word; "" is the next step."""
        self._steps.append(_Step(code, k, yes, no))

    def jump(self, to: str) -> None:
        """Go to a label."""
        self._steps.append(_Step(JUMP, 0, to))

    def give(self, action: int) -> None:
        """End with an action."""
        self._steps.append(_Step(RETURN, action))

    def program(self) -> bytes:
        """Return the program as the OS takes it.

        A conditional jump reaches 255 steps. One that must go farther jumps to an unconditional
        one behind it, whose reach is 32 bits; that makes the program longer, so it is laid out
        again until nothing more has to be stretched.
        """
        stretched: set[tuple[int, bool]] = set()
        while True:
            places = self._lay_out(stretched)
            too_far = {
                (index, yes)
                for index, step in enumerate(self._steps)
                for yes in (True, False)
                if step.code in _TESTS
                and (index, yes) not in stretched
                and self._distance(places, index, yes) > 255
            }
            if not too_far:
                break
            stretched |= too_far
        data = b"".join(self._encode(places, index, stretched) for index in range(len(self._steps)))
        assert len(data) // _INSTRUCTION.size <= PROGRAM_LENGTH_MAX, "the filter is too long"
        return data

    def _lay_out(self, stretched: set[tuple[int, bool]]) -> list[int]:
        """Return the place of each step, and of the end."""
        places = [0]
        for index in range(len(self._steps)):
            more = ((index, True) in stretched) + ((index, False) in stretched)
            places.append(places[-1] + 1 + more)
        return places

    def _target(self, places: list[int], index: int, label: str) -> int:
        return places[self._labels[label]] if label else places[index + 1]

    def _distance(self, places: list[int], index: int, yes: bool) -> int:
        step = self._steps[index]
        return self._target(places, index, step.yes if yes else step.no) - places[index] - 1

    def _encode(self, places: list[int], index: int, stretched: set[tuple[int, bool]]) -> bytes:
        step, here = self._steps[index], places[index]
        if step.code == JUMP:
            distance = self._target(places, index, step.yes) - here - 1
            assert distance >= 0, "a filter only jumps forward"
            return _INSTRUCTION.pack(JUMP, 0, 0, distance)
        if step.code not in _TESTS:
            return _INSTRUCTION.pack(step.code, 0, 0, step.k & _WORD)
        offsets, tail = [], b""
        for yes, label in ((True, step.yes), (False, step.no)):
            target = self._target(places, index, label)
            if (index, yes) in stretched:
                bridge = here + 1 + len(tail) // _INSTRUCTION.size
                offsets.append(bridge - here - 1)
                tail += _INSTRUCTION.pack(JUMP, 0, 0, target - bridge - 1)
            else:
                offsets.append(target - here - 1)
        assert min(offsets) >= 0, "a filter only jumps forward"
        return _INSTRUCTION.pack(step.code, *offsets, step.k & _WORD) + tail


def judge(program: bytes, audit: int, number: int, arguments: Sequence[int] = ()) -> int:
    """Return the action a program ends with for a call.

    Args:
        audit: AUDIT_ARCH_* of who calls.
        arguments: up to six, 64 bits each; those left out are 0.
    """
    words = _given(audit, number, arguments)
    steps = list(_INSTRUCTION.iter_unpack(program))
    at, word = 0, 0
    while True:
        code, yes, no, k = steps[at]
        at += 1
        if code == RETURN:
            return int(k)
        if code == LOAD:
            word = words[k]
        elif code == AND:
            word &= k
        elif code == JUMP:
            at += k
        else:
            at += yes if _TESTS[code](word, k) else no


def _given(audit: int, number: int, arguments: Sequence[int]) -> Mapping[int, int]:
    words = {NUMBER_AT: number & _WORD, MACHINE_AT: audit}
    for index in range(6):
        value = arguments[index] if index < len(arguments) else 0
        words[argument_at(index)] = value & _WORD
        words[argument_at(index, high=True)] = value >> 32 & _WORD
    return words
