"""What Outlook may do at any time, as hypothesis draws it."""

from hypothesis import strategies as st

LAG = 30.0
"""Seconds until delta knows of a change, where it lags."""

WEATHER = st.fixed_dictionaries(
    {},
    optional={
        "empty_pages": st.booleans(),
        "page_cap": st.sampled_from([1, 2, 1000]),
        "repeat_items": st.booleans(),
        "replays": st.integers(0, 5),
        "delta_lag": st.sampled_from([0.0, LAG]),
        "outside_reason": st.sampled_from(["deleted", "changed"]),
        "transaction_in_delta": st.booleans(),
        "duplicate_answer": st.sampled_from(["201", "200", "409"]),
        "transactions_of_deleted": st.booleans(),
        "zones_come_back": st.sampled_from(["windows", "as_sent"]),
    },
)
"""Settings of the simulator that Graph leaves open. What is outside a window is always told: were it not, an edit of an
older or farther visit would be seen with the next reading of everything."""

EXPIRY = st.fixed_dictionaries(
    {
        "expired_status": st.sampled_from([400, 404, 410]),
        "expired_code": st.sampled_from(
            ["SyncStateNotFound", "syncStateNotFound", "resyncRequired", "SyncStateInvalid"]
        ),
        "expired_location": st.booleans(),
    }
)
"""Every spelling of a delta link that is no more."""

PART_FAULTS = st.sampled_from(
    [
        {"status": 429},
        {"status": 503},
        {"status": 504, "carried_out": True},
        {"status": 424},
        {"status": 412, "method": "PATCH"},
        {"status": 412, "method": "DELETE"},
    ]
)
"""How single calls of a batch are refused, the last two for no reason."""
