"""QuickBooks Online as a local server: company files behind the accounting API, OAuth and webhooks.

Where Intuit's own behaviour is not known, the setting for it has the least kind default (`settings.py`, `switches.py`).
Not simulated: reports, attachments, sending and printing, projects, `/taxservice`, and other apps that use up a
company's limits.
"""

from worker.simulators.quickbooks.simulator import QuickBooksSimulator

__all__ = ["QuickBooksSimulator"]
