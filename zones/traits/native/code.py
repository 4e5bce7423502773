"""Text of one LLVM function while it is being written.

Owns: blocks, fresh names, the spelling of constants. Does not own: what is written.

Everything that is kept across blocks lies in stack slots of the entry block; LLVM turns these into
registers (its pass mem2reg), so nobody here has to place phi nodes.
"""

import struct
from typing import Final

LIKELY: Final = ", !prof !0"
"""Behind a branch: the second way is rarely taken."""
FOOTER: Final = '!0 = !{!"branch_weights", i32 100000, i32 1}\n'


class Block:
    """Instructions that are run one after the other."""

    __slots__ = ("label", "lines")

    def __init__(self, label: str) -> None:
        self.label = label
        self.lines: list[str] = []


class Code:
    """One function.

    Attributes:
        slots: stack slots of the entry block.
        entry: what is run once for all calls, behind the slots.
        current: the block that is being written.
    """

    def __init__(self) -> None:
        self.slots: list[str] = []
        self.entry: list[str] = []
        self.blocks: list[Block] = []
        self.declared: dict[str, str] = {}
        self._count = 0
        self.size = 0
        self.current = self.start("body")

    def fresh(self) -> str:
        """Return a new name of a register."""
        self._count += 1
        return f"%v{self._count}"

    def block(self, hint: str) -> Block:
        """Return a new block that is not placed yet."""
        self._count += 1
        return Block(f"{hint}{self._count}")

    def place(self, block: Block) -> None:
        """Go on writing in a block."""
        self.blocks.append(block)
        self.current = block

    def start(self, hint: str) -> Block:
        """Go on writing in a new block that nothing falls into."""
        block = self.block(hint)
        self.place(block)
        return block

    def emit(self, instruction: str) -> str:
        """Write an instruction and return the register of its result."""
        self._count += 1
        self.size += 1
        name = f"%v{self._count}"
        self.current.lines.append(f"{name} = {instruction}")
        return name

    def do(self, instruction: str) -> None:
        """Write an instruction without a result."""
        self.size += 1
        self.current.lines.append(instruction)

    def go(self, block: Block) -> None:
        """End the block: another one comes next."""
        self.current.lines.append(f"br label %{block.label}")

    def go_if(self, condition: str, yes: Block, no: Block, weights: str = "") -> None:
        """End the block: one of two comes next."""
        self.current.lines.append(
            f"br i1 {condition}, label %{yes.label}, label %{no.label}{weights}"
        )

    def slot(self, machine: str, count: int = 1) -> str:
        """Return a new stack slot."""
        name = self.fresh()
        many = f", i64 {count}" if count != 1 else ""
        self.slots.append(f"{name} = alloca {machine}{many}, align 8")
        return name

    def declare(self, name: str, declaration: str) -> None:
        """Note that another function is called."""
        self.declared.setdefault(name, declaration)

    def once(self, instruction: str) -> str:
        """Write an instruction that is run once for all calls."""
        name = self.fresh()
        self.entry.append(f"{name} = {instruction}")
        return name

    def load(self, machine: str, address: str) -> str:
        """Read memory."""
        return self.emit(f"load {machine}, ptr {address}")

    def store(self, machine: str, value: str, address: str) -> None:
        """Write memory."""
        self.do(f"store {machine} {value}, ptr {address}")

    def at(self, machine: str, address: str, index: str) -> str:
        """Return the address of an item."""
        return self.emit(f"getelementptr inbounds {machine}, ptr {address}, i64 {index}")

    def body(self) -> str:
        """Return the text of all blocks."""
        lines: list[str] = []
        for block in self.blocks:
            lines.append(f"{block.label}:")
            lines += block.lines
        return "\n".join(lines)


def real(value: float) -> str:
    """Return a float64 constant, bit for bit."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def zero_of(machine: str) -> str:
    """Return a constant for where no value can be seen."""
    return {"double": "0.0", "ptr": "null", "i1": "false"}.get(machine, "0")
