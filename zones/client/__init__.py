"""A molt world from Python: its columns as read-only arrays, its past, its console, its cells."""

from Kernel.contract.errors import NoKernel, Refused, UsageError
from Kernel.contract.trial_effect import Effect
from zones.client.calling import CallFailed
from zones.client.console import ask
from zones.client.frame import Frame, molbot_id
from zones.client.home import Home, Live, call, open_home
from zones.client.traits import CarriedTrait
from zones.client.trying import TrialResult

__all__ = [
    "CallFailed",
    "CarriedTrait",
    "Effect",
    "Frame",
    "Home",
    "Live",
    "NoKernel",
    "Refused",
    "TrialResult",
    "UsageError",
    "ask",
    "call",
    "molbot_id",
    "open_home",
]
