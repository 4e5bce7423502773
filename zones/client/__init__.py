"""A molt world from Python: its columns as read-only arrays, its past, its console."""

from zones.client.console import ask
from zones.client.frame import Frame, molbot_id
from zones.client.home import Home, Live, open_home
from zones.client.traits import CarriedTrait

__all__ = ["CarriedTrait", "Frame", "Home", "Live", "ask", "molbot_id", "open_home"]
