"""What people, QuickBooks, FieldCamp and the way to them may do at any time, as hypothesis draws it."""

from decimal import Decimal

from hypothesis import strategies as st

from worker.core.jobs import Mode, Trigger

PLACE, MODE = st.integers(0, 5), st.sampled_from(Mode)
TRIGGER = st.sampled_from([Trigger.CLI, Trigger.EVENT, Trigger.SCHEDULE, Trigger.PUSH])
SHARE = st.sampled_from([Decimal("1"), Decimal("0.5"), Decimal("0.33"), Decimal("1.2")])
LESS = st.sampled_from([Decimal("1"), Decimal("0.5"), Decimal("0.25")])
DAY = st.sampled_from(["2026-11-02", "2026-12-24"])
CHANGE = st.sampled_from(
    [
        None,
        {"type": "percentage", "value": 10},
        {"type": "percentage", "value": 33.33},
        {"type": "fixed", "value": 0.05},
    ]
)
LINES = st.lists(
    st.fixed_dictionaries(
        {
            "place": PLACE,
            "price": st.sampled_from([100, 33.33, 19.99, 0.07]),
            "quantity": st.sampled_from([1, 3, 2.5]),
            "extra": st.fixed_dictionaries({}, optional={"discount": CHANGE, "markup": CHANGE}),
        }
    ),
    min_size=1,
    max_size=3,
)
FIELDS = st.fixed_dictionaries(
    {}, optional={"notes": st.sampled_from(["Thank you.", "Ring twice"]), "dueDate": DAY, "discount": CHANGE}
)
MOMENT = st.integers(0, 14)

SWITCHES = st.fixed_dictionaries(
    {
        "deleted_suffix": st.booleans(),
        "name_taken_tells_id": st.booleans(),
        "balance_touches_customer": st.booleans(),
        "ids_as_text": st.booleans(),
        "batch_seed": st.integers(0, 3),
    }
)
"""What Intuit leaves open of a company file."""

MOODS = st.fixed_dictionaries(
    {},
    optional={
        "request_id_life": st.sampled_from([600.0, 86_400.0]),
        "faults_replayed": st.booleans(),
        "refresh_rotation": st.sampled_from(["each", "daily"]),
        "gateway_casing": st.sampled_from(["lower", "upper"]),
    },
)
"""Settings that may change while the company goes on."""

LOST = st.sampled_from(["before", "after", "mid"])
CALLS = st.sampled_from(
    ["invoice.create", "payment.create", "batch", "cdc", "query", "token", "payment.void", "invoice.read"]
)
BUSY = st.sampled_from(
    [
        {"status": 500},
        {"status": 503},
        {"status": 504, "carried_out": True},
        {"status": 429},
        {"status": 401},
        {"status": 400, "reason": "10000"},
        {"status": 200, "reason": "10000"},
    ]
)
PARTS = st.sampled_from([{"status": 400, "reason": code} for code in ("10000", "3001", "5010")])
"""How single items of a batch are refused; the last one for no reason."""

FIELDCAMP_BUSY = st.sampled_from(
    [
        {"drop": "before"},
        {"drop": "after"},
        {"drop": "mid"},
        {"status": 503},
        {"status": 504, "carried_out": True},
        {"status": 429, "headers": {"Retry-After": "1"}},
    ]
)
"""How FieldCamp's answers to writes are lost or refused in passing."""
