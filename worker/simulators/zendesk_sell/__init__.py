"""Zendesk Sell's Core API as a local server: the sales visits, read-only.

Where Sell's own behaviour is not known, the setting for it has the least kind default (`settings.py`). Not simulated:
the other resources, the sync API and the streams.
"""

from worker.simulators.zendesk_sell.settings import Settings
from worker.simulators.zendesk_sell.simulator import ZendeskSellSimulator

__all__ = ["Settings", "ZendeskSellSimulator"]
