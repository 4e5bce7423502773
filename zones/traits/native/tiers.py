"""Which tier a checked source belongs to, found without compiling anything.

Owns: the answer. Does not own: what the native tier can do (`lowering.py`).
"""

from typing import Final

from zones.traits import contract
from zones.traits.native.faults import NotNative
from zones.traits.native.lowering import lower
from zones.traits.verdict import Checked

OUR_FAULT: Final = "the native tier has failed"


def tier_of(checked: Checked) -> tuple[str, str]:
    """Return the tier and, for the interpreted one, the line and what keeps it there."""
    try:
        lower(checked)
    except NotNative as reason:
        return contract.INTERPRETED, str(reason)
    except Exception as error:  # our bug: a source must not be refused for it
        return contract.INTERPRETED, f"line 0: {OUR_FAULT} ({type(error).__name__})"
    return contract.NATIVE, ""
