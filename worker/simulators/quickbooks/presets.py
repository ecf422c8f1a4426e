"""The kinds of company: its country and currency, how its taxes work, and what is in its books from the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

Regime = Literal["none", "automated", "manual", "global"]
Rates = Mapping[str, tuple[str, str]]
Codes = Mapping[str, tuple[str, tuple[str, ...]]]

US_STATES: Rates = MappingProxyType(
    {
        "11": ("CA", "7.75"),
        "12": ("NY", "8.875"),
        "13": ("TX", "8.25"),
        "14": ("FL", "7"),
        "15": ("WA", "10.35"),
        "16": ("IL", "10.25"),
        "17": ("OR", "0"),
    }
)
"""What the automated engine knows: the rates of states, in percent, by the id of the tax rate."""
PSEUDO: Codes = MappingProxyType({"TAX": ("TAX", ()), "NON": ("NON", ())})


@dataclass(frozen=True)
class Preset:
    """`rates` gives name and percent of each tax rate by id, `codes` name and rate ids of each tax code by id."""

    name: str
    regime: Regime
    country: str = "US"
    state: str = "CA"
    currency: tuple[str, str] = ("USD", "United States Dollar")
    rates: Rates = field(default_factory=dict)
    codes: Codes = field(default_factory=lambda: PSEUDO)

    @property
    def home_currency(self) -> dict[str, str]:
        """As `CurrencyRef` says it."""
        return {"value": self.currency[0], "name": self.currency[1]}

    @property
    def is_us(self) -> bool:
        return self.regime != "global"

    def percent(self, rate_id: str) -> Decimal:
        return Decimal(self.rates[rate_id][1])

    def rates_of(self, code_id: str) -> tuple[str, ...]:
        """The ids of the rates in a tax code; none for an unknown one."""
        return self.codes[code_id][1] if code_id in self.codes else ()


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "us_no_tax": Preset("us_no_tax", "none"),
        "us_ast": Preset("us_ast", "automated", rates=US_STATES),
        "us_manual": Preset(
            "us_manual",
            "manual",
            rates={"1": ("AZ State tax", "7.1"), "2": ("Tucson City", "2"), "3": ("California", "8")},
            codes={**PSEUDO, "2": ("California", ("3",)), "3": ("Tucson", ("1", "2"))},
        ),
        "global": Preset(
            "global",
            "global",
            country="GB",
            state="",
            currency=("GBP", "British Pound Sterling"),
            rates={
                "1": ("20.0% S (Sales)", "20"),
                "2": ("5.0% R (Sales)", "5"),
                "3": ("0.0% Z (Sales)", "0"),
                "4": ("Exempt (Sales)", "0"),
                "5": ("GST", "5"),
                "6": ("PST", "7"),
            },
            codes={
                "2": ("20.0% S", ("1",)),
                "3": ("5.0% R", ("2",)),
                "4": ("0.0% Z", ("3",)),
                "5": ("Exempt", ("4",)),
                "6": ("GST/PST", ("5", "6")),
            },
        ),
    }
)
ACCOUNTS: tuple[tuple[str, str, str, str, str], ...] = (
    ("79", "Services", "Income", "SalesOfProductIncome", "Revenue"),
    ("80", "Sales of Product Income", "Income", "SalesOfProductIncome", "Revenue"),
    ("81", "Other", "Income", "OtherPrimaryIncome", "Revenue"),
    ("86", "Discounts given", "Income", "DiscountsRefundsGiven", "Revenue"),
    ("54", "Job Materials", "Expense", "SuppliesMaterials", "Expense"),
    ("84", "Accounts Receivable (A/R)", "Accounts Receivable", "AccountsReceivable", "Asset"),
    ("4", "Undeposited Funds", "Other Current Asset", "UndepositedFunds", "Asset"),
    ("35", "Checking", "Bank", "Checking", "Asset"),
)
"""Id, name, type, subtype and classification."""
METHODS = {"1": "Cash", "2": "Check", "3": "Credit Card"}
UNDEPOSITED, DISCOUNTS = "4", "86"
