"""What can go wrong: a trait that cannot be native, and exceptions of one that runs.

Owns: `NotNative`, which status an exception is, which handlers catch it. Does not own: the code
that raises (`emitter.py`).
"""

import builtins

from zones.traits import contract

_STATUSES = (
    (OverflowError, contract.OVERFLOW),
    (ZeroDivisionError, contract.ZERO_DIVISION),
    (ValueError, contract.DOMAIN),
    (TypeError, contract.TYPE_ERROR),
    (LookupError, contract.LOOKUP),
    (AttributeError, contract.ATTRIBUTE),
)
BY_STATUS = {
    contract.OVERFLOW: "OverflowError",
    contract.ZERO_DIVISION: "ZeroDivisionError",
    contract.DOMAIN: "ValueError",
}
"""Of the statuses that functions of `signatures.py` give."""


class NotNative(Exception):
    """A trait cannot be compiled; it is run in the interpreted tier.

    Args:
        line: from 1.
        why: for people.
    """

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line
        self.why = why


class Exceptions:
    """Exception classes that a source knows: those of Python and its own.

    Args:
        own: base class of each class of the source that derives from an exception.
    """

    def __init__(self, own: dict[str, str]) -> None:
        self._own = own

    def knows(self, name: str) -> bool:
        """Tell whether it is an exception class."""
        return self._builtin(name) is not None

    def catches(self, handler: str, raised: str) -> bool:
        """Tell whether `except handler` catches it."""
        while True:
            if raised == handler:
                return True
            if raised not in self._own:
                break
            raised = self._own[raised]
        caught = self._builtin(handler) if handler not in self._own else None
        thrown = self._builtin(raised)
        return caught is not None and thrown is not None and issubclass(thrown, caught)

    def status(self, raised: str) -> int:
        """Return the status of a call that ends with it."""
        cls = self._builtin(raised)
        assert cls is not None, raised
        for each, status in _STATUSES:
            if issubclass(cls, each):
                return status
        return contract.OTHER

    def _builtin(self, name: str) -> type[BaseException] | None:
        """Return the class of Python that a class is or derives from."""
        while name in self._own:
            name = self._own[name]
        cls = getattr(builtins, name, None)
        return cls if isinstance(cls, type) and issubclass(cls, Exception) else None
