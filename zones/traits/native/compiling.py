"""Machine code of native traits: made once by whoever prepares a trait, loaded by whoever runs it.

Owns: optimising and compiling the text of `lowering.py`, the object file in a trait's folder, a
loaded trait. Does not own: the text, who runs where (`driver.py`), the folder's place in a home
(`zones/runtime/trait_store.py`).

The object file is named by a hash of all that it is made from: the text, LLVM, the processor and
the options below. So there is no stale code, and none for another source: whoever loads lowers the
checked tree itself and looks for that name alone. Nothing here runs a trait.
"""

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import llvmlite
from llvmlite import binding

from Kernel.contract.errors import MoltError
from zones.traits import linked
from zones.traits.machine import PREFIX
from zones.traits.native.driver import drive
from zones.traits.native.faults import NotNative
from zones.traits.native.lowering import lower
from zones.traits.native.symbols import wanted_symbols
from zones.traits.scene import Scene
from zones.traits.verdict import Checked

TEXT_NAME: Final = "kernel.ll"
"""For people: what was compiled. Nobody reads it back."""
_SPEED: Final = 2
_PASSES: Final = (
    *("sroa", "simplify_cfg", "instruction_combine", "jump_threading", "sccp", "simplify_cfg"),
    *("loop_simplify", "lcssa", "loop_rotate", "instruction_combine", "dead_store_elimination"),
    "simplify_cfg",
)
"""What LLVM does to a text before it makes code. Its level 2 made code that was 3 % faster, in
twice the time, and took a minute for twenty loops within each other; these take a
second at most."""
_NOT_DONE: Final = "--disable-lsr"
"""Loops that follow each other made loop strength reduction take a minute for 150 of them; what
it does for loops over columns cannot be measured."""
_OPTIONS: Final = (
    f"molt 2, llvmlite {llvmlite.__version__}, {_SPEED}, {' '.join(_PASSES)} {_NOT_DONE}"
)
_DIGEST_BYTES: Final = 32
_ENTRY: Final = "run"


class NotCompiled(MoltError):
    """The machine code of a trait is missing, or is not what was compiled."""


class Compiled(NamedTuple):
    """What a trait was compiled to.

    Args:
        name: of its object file.
        text: for people: what was compiled.
    """

    name: str
    text: str
    code: bytes


class NativeTrait:
    """A compiled trait.

    Attributes:
        address: of `void run(table, part, first, last)`; valid as long as this object is.
    """

    def __init__(self, checked: Checked, code: bytes) -> None:
        linked.link()
        self.name = checked.name
        self.code_hash = checked.code_hash
        missing = [name for name in wanted_symbols(code) if not binding.address_of_symbol(name)]
        if missing:
            raise NotCompiled(f"cannot load trait {checked.name}: nobody has {missing[0]}")
        self._engine = binding.create_mcjit_compiler(binding.parse_assembly(""), _new_machine())
        self._engine.add_object_file(binding.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        self.address = int(self._engine.get_function_address(_ENTRY))

    def run(self, scene: Scene, count: int, parts: int = 1) -> None:
        """Run it for `carriers[:count]`, shared out to so many parts; the same for any number."""
        drive(parts, self.address, scene.table.ctypes.data, count)


def compile_trait(checked: Checked, folder: Path) -> None:
    """Compile a trait into its folder, which is made if need be; the kernel is not run.

    Raises:
        NotNative: it cannot be compiled.
    """
    keep_compiled(compile_checked(checked), folder)


def compile_checked(checked: Checked) -> Compiled:
    """Compile a trait; the kernel is not run.

    Raises:
        NotNative: it cannot be compiled.
    """
    text = lower(checked).text
    code = compile_text(text)
    for asked in wanted_symbols(code):
        if not asked.startswith(PREFIX) and not binding.address_of_symbol(asked):
            raise NotNative(0, f"a call of {asked}, which only the compiler knows")
    return Compiled(code_name(text), text, code)


def keep_compiled(compiled: Compiled, folder: Path) -> None:
    """Write what was compiled into a folder, which is made if need be."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder / TEXT_NAME, compiled.text.encode())
    _write(folder / compiled.name, hashlib.sha256(compiled.code).digest() + compiled.code)


def load_native(checked: Checked, folder: Path) -> NativeTrait:
    """Load a trait that was compiled, by this or another process.

    Raises:
        NotNative: it cannot be compiled at all.
        NotCompiled: its code is missing or damaged; nothing is compiled here.
    """
    return NativeTrait(checked, read_code(folder / code_name(lower(checked).text)))


def read_code(path: Path) -> bytes:
    """Return the object code in a file that `keep_compiled` has written.

    Raises:
        NotCompiled: it is missing or damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotCompiled(f"cannot load machine code: no {path.name} ({error})") from error
    digest, code = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(code).digest() != digest:
        raise NotCompiled(f"cannot load machine code: {path.name} is damaged")
    return code


def make_native(checked: Checked, fuel: bool = True) -> NativeTrait:
    """Compile and load a trait without a folder: for measuring and tests."""
    return NativeTrait(checked, compile_text(lower(checked, fuel).text))


def code_name(text: str) -> str:
    """Return the name of the object file of a text, on this machine."""
    parts = (_OPTIONS, binding.get_host_cpu_name(), _features(), text)
    return f"kernel-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}.o"


def compile_text(text: str) -> bytes:
    """Return the object code of a text."""
    _leave_out()
    module = binding.parse_assembly(text)
    module.verify()
    machine = _machine()
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    options = binding.create_pipeline_tuning_options(speed_level=_SPEED)
    passes = binding.create_new_function_pass_manager()
    for name in _PASSES:
        getattr(passes, f"add_{name}_pass")()
    passes.run(module.get_function(_ENTRY), binding.create_pass_builder(machine, options))
    return bytes(machine.emit_object(module))


@lru_cache(maxsize=1)
def _leave_out() -> None:
    """Tell LLVM what not to do; it takes that once in a process, for all that it compiles."""
    binding.set_option("molt", _NOT_DONE)


def _features() -> str:
    return str(binding.get_host_cpu_features().flatten())


@lru_cache(maxsize=1)
def _machine() -> Any:
    """Return what LLVM makes code for."""
    return _new_machine()


def _new_machine() -> Any:
    """Return this processor, as LLVM describes it; an engine becomes the owner of its own."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    target = binding.Target.from_default_triple()
    return target.create_target_machine(
        cpu=binding.get_host_cpu_name(), features=_features(), opt=_SPEED, jit=True
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file that is there wholly or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
