"""How QuickBooks is put together from a process's parts."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.core.channels import Receipt
from worker.core.connections import Connection
from worker.core.errors import Invalid
from worker.core.jobs import Trigger
from worker.core.ports import Consents, Grant, Provider
from worker.http.limits import Limits
from worker.http.slots import Slots
from worker.providers import quickbooks
from worker.providers.quickbooks import MANIFEST, SIGNATURE
from worker.settings import Settings
from worker.sync.house import House


@dataclass(frozen=True, slots=True)
class QuickBooks:
    """What all of a process's QuickBooks connections share; ``slots`` are kept for as long as a call may take."""

    settings: Settings
    limits: Limits
    slots: Slots

    def opened(self, connection: Connection, grant: Grant) -> Provider:
        """The provider that serves a connection; whoever opens it closes it."""
        return quickbooks.QuickBooksOnline(self._there(), grant, self.limits, self.slots, connection.account_id)

    def consents(self) -> Consents:
        """How a person connects in the browser; whether the operator has said who we are is checked before."""
        return quickbooks.QuickBooksConsents(self._there())

    def revoke(self, grant: Grant) -> None:
        """Give the grant back to Intuit, as far as it can be reached."""
        quickbooks.revoke(grant, self._there())

    def take(self, house: House, headers: Mapping[str, str], body: bytes) -> Receipt:
        """Answers a message of Intuit's: what is signed makes its companies due. For anything but 200 Intuit would send
        it again, and hold back what comes after it. Raises StoreUnavailable.
        """
        if not quickbooks.verified(body, headers.get(SIGNATURE), self.settings.quickbooks_webhook_verifier or ""):
            return Receipt(401)
        try:
            realms = quickbooks.realms(body)
        except Invalid:
            return Receipt(400)
        for realm in realms:
            _make_due(house, realm)
        return Receipt(200)

    def _there(self) -> quickbooks.QuickBooksSettings:
        return quickbooks.QuickBooksSettings(
            base_url=self.settings.quickbooks_base_url,
            token_url=self.settings.quickbooks_token_url,
            client_id=self.settings.quickbooks_client_id or "",
            client_secret=self.settings.quickbooks_client_secret or "",
        )


def _make_due(house: House, realm: str) -> None:
    """Have whoever keeps this company look soon; a look that is due by then sees this change as well."""
    due = house.now() + house.debounce
    for connection in house.store.connections.of_realm(MANIFEST.name, realm):
        if connection.next_look_at is None or connection.next_look_at > due:
            house.store.connections.poke(connection.account_id, [MANIFEST.name], due, Trigger.PUSH)
