"""What a new company file holds: accounts, payment methods, taxes, preferences, and who the company is."""

from __future__ import annotations

from decimal import Decimal

from worker.simulators.quickbooks.books import ZERO, Books
from worker.simulators.quickbooks.presets import ACCOUNTS, METHODS, Preset
from worker.simulators.quickbooks.refusal import Json
from worker.simulators.quickbooks.switches import Switches


def fill(books: Books) -> None:
    _add_accounts(books)
    _add_taxes(books)
    for object_id, name in METHODS.items():
        kind = "CREDIT_CARD" if name == "Credit Card" else "NON_CREDIT_CARD"
        books.seed("PaymentMethod", object_id, {"Name": name, "Active": True, "Type": kind})
    books.seed("Preferences", "1", preferences(books.preset, books.switches))
    books.seed("CompanyInfo", "1", company_info(books.preset))


def preferences(preset: Preset, switches: Switches) -> Json:
    """https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/preferences; `PartnerTaxEnabled`
    is there only where sales tax is automated.
    """
    taxes: Json = {"UsingSalesTax": preset.regime != "none"}
    if preset.regime == "automated":
        taxes["PartnerTaxEnabled"] = True
    return {
        "TaxPrefs": taxes,
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": preset.currency[0]}},
        "SalesFormsPrefs": {
            "CustomTxnNumbers": switches.custom_numbers,
            "AllowDiscount": switches.allow_discount,
            "AllowDeposit": False,
            "AllowEstimates": True,
            "DefaultDiscountAccount": "86",
        },
        "ProductAndServicesPrefs": {"ForSales": True, "QuantityWithPriceAndRate": True},
        "OtherPrefs": {"NameValue": [{"Name": "SalesFormsPrefs.DefaultCustomerMessage", "Value": "Thank you."}]},
    }


def company_info(preset: Preset) -> Json:
    address = {"Id": "1", "Line1": "1 Main Street", "City": "Mountain View", "PostalCode": "94043"}
    if preset.state:
        address["CountrySubDivisionCode"] = preset.state
    return {
        "CompanyName": "Simulated Field Services",
        "LegalName": "Simulated Field Services",
        "CompanyAddr": address,
        "Country": preset.country,
        "FiscalYearStartMonth": "January",
        "SupportedLanguages": "en",
        "NameValue": [{"Name": "OfferingSku", "Value": "QuickBooks Online Plus"}],
    }


def _add_accounts(books: Books) -> None:
    for object_id, name, kind, subtype, classification in ACCOUNTS:
        account = {
            "Name": name,
            "FullyQualifiedName": name,
            "SubAccount": False,
            "Active": True,
            "Classification": classification,
            "AccountType": kind,
            "AccountSubType": subtype,
            "CurrentBalance": ZERO,
            "CurrentBalanceWithSubAccounts": ZERO,
            "CurrencyRef": books.preset.home_currency,
        }
        books.seed("Account", object_id, account)


def _add_taxes(books: Books) -> None:
    preset = books.preset
    if preset.rates:
        books.seed("TaxAgency", "1", {"DisplayName": "Tax Agency", "TaxTrackedOnSales": True})
    for object_id, (name, percent) in preset.rates.items():
        books.seed("TaxRate", object_id, _rate(name, percent, preset))
    for object_id, (name, rates) in preset.codes.items():
        books.seed("TaxCode", object_id, _code(object_id, name, rates, preset))


def _rate(name: str, percent: str, preset: Preset) -> Json:
    return {
        "Name": name,
        "Description": name,
        "Active": True,
        "RateValue": Decimal(percent),
        "AgencyRef": {"value": "1"},
        "SpecialTaxType": "NONE",
        "DisplayType": "ReadOnly" if preset.regime == "automated" else "DisplayAsPercent",
        "EffectiveTaxRate": [{"RateValue": Decimal(percent), "EffectiveDate": "2015-01-01T00:00:00-08:00"}],
    }


def _code(object_id: str, name: str, rates: tuple[str, ...], preset: Preset) -> Json:
    details = [
        {
            "TaxRateRef": {"value": rate_id, "name": preset.rates[rate_id][0]},
            "TaxTypeApplicable": "TaxOnAmount",
            "TaxOrder": 0,
        }
        for rate_id in rates
    ]
    return {
        "Name": name,
        "Description": name,
        "Active": True,
        "Hidden": False,
        "Taxable": object_id != "NON" and name != "Exempt",
        "TaxGroup": bool(details),
        "SalesTaxRateList": {"TaxRateDetail": details},
        "PurchaseTaxRateList": {"TaxRateDetail": []},
        "TaxCodeConfigType": "SYSTEM_GENERATED" if preset.regime == "automated" else "USER_DEFINED",
    }
