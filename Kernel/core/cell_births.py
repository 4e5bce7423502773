"""Cells that one zygote was asked for and that are not born yet.

Owns: which they are, by serial, and telling each what becomes of it. Does not own: the road
(`zygote_road.py`), a cell once it is born (`cell.py`), the other processes of a zone (`line.py`).
"""

from dataclasses import replace

from Kernel.contract.errors import CodecError, Refused
from Kernel.contract.zygote_protocol import Fork
from Kernel.core.cell import Unborn
from Kernel.core.zygote_road import ZygoteRoad


class CellBirths:
    """Those of one generation."""

    def __init__(self) -> None:
        self._unborn: dict[int, Unborn] = {}

    def ask(
        self,
        zygote: ZygoteRoad,
        serial: int,
        unborn: Unborn,
        message: Fork,
        descriptors: list[int],
    ) -> None:
        """Ask for one.

        Raises:
            Refused: the road is full or lost. No reason to end a zygote: it goes on to fork heirs.
        """
        try:
            zygote.send(replace(message, serial=serial), descriptors)
        except (OSError, CodecError) as error:
            raise Refused(f"cannot ask the zygote for a {message.role}: {error}") from error
        self._unborn[serial] = unborn

    def on_forked(self, serial: int, pid: int) -> bool:
        """Take the news of a birth; False if it is of no cell."""
        unborn = self._unborn.get(serial)
        if unborn is None or pid <= 1:
            return unborn is not None
        del self._unborn[serial]
        unborn.on_born(pid)
        return True

    def on_unforked(self, serial: int, why: str) -> bool:
        """There was no room for one; False if it is none of the cells."""
        unborn = self._unborn.pop(serial, None)
        if unborn is not None:
            unborn.on_unborn(why)
        return unborn is not None

    def drop(self, why: str) -> None:
        """The zygote is gone: nobody comes any more."""
        while self._unborn:
            _, unborn = self._unborn.popitem()
            unborn.on_unborn(why)
