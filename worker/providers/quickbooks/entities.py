"""The entities of the books that we keep in agreement: one stream each."""

from dataclasses import dataclass

from worker.core.ports import Stream
from worker.core.records import CLIENT, INVOICE, ITEM, PAYMENT, TAX

TAXES = Stream("taxes", "taxes", rank=0, kind=TAX)


@dataclass(frozen=True, slots=True)
class Entity:
    """``name`` is Intuit's spelling. ``label`` is the field with its unique name, "" for invoices and payments, which
    are money and have none; ``rivals`` are the lists that share those names. ``columns`` are what a query asks for.
    """

    name: str
    stream: Stream
    label: str = ""
    rivals: tuple[str, ...] = ()
    columns: str = "*"


CUSTOMER = Entity(
    "Customer",
    Stream("customers", "customers", rank=1, kind=CLIENT),
    label="DisplayName",
    rivals=("Customer", "Vendor", "Employee"),
)
ITEM_ = Entity("Item", Stream("items", "items", rank=2, kind=ITEM), label="Name", rivals=("Item",), columns="*, Sku")
INVOICE_ = Entity("Invoice", Stream("invoices", "invoices", rank=3, kind=INVOICE))
PAYMENT_ = Entity("Payment", Stream("payments", "payments", rank=4, kind=PAYMENT))

ENTITIES = (CUSTOMER, ITEM_, INVOICE_, PAYMENT_)
STREAMS = (TAXES, *(entity.stream for entity in ENTITIES))
_BY_STREAM = {entity.stream.name: entity for entity in ENTITIES}


def entity_of(stream: Stream) -> Entity:
    """The entity of any stream but that of the taxes."""
    return _BY_STREAM[stream.name]
