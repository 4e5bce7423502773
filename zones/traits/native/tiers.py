"""Which tier a checked source belongs to, found without compiling anything.

Owns: the answer. Does not own: what the native tier can do (`lowering.py`).
"""

from zones.traits import contract
from zones.traits.native.faults import NotNative
from zones.traits.native.lowering import lower
from zones.traits.verdict import Checked


def tier_of(checked: Checked) -> tuple[str, str]:
    """Return the tier and, for the interpreted one, the line and what keeps it there."""
    try:
        lower(checked)
    except NotNative as reason:
        return contract.INTERPRETED, str(reason)
    return contract.NATIVE, ""
