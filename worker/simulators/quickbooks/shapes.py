"""The parts that objects of QuickBooks are made of: references, addresses, lines."""

from __future__ import annotations

from worker.simulators.quickbooks.fields import (
    Fields,
    Reader,
    as_sent,
    choice,
    day,
    each,
    flag,
    money,
    number,
    shape,
    text,
)


def kept(names: str) -> dict[str, Reader]:
    """Fields that are kept as they are sent."""
    return dict.fromkeys(names.split(), as_sent)


REFERENCE = shape("ReferenceType", {"value": text(100), "name": text(500), "type": text(100)})
EMAIL = shape("EmailAddress", {"Address": text(100), **kept("Id Default Tag")})
PHONE = shape(
    "TelephoneNumber",
    {"FreeFormNumber": text(30), **kept("Id DeviceType CountryCode AreaCode ExchangeCode Extension Default Tag")},
)
WEB = shape("WebSiteAddress", {"URI": text(1000), **kept("Id Default Tag")})
MEMO = shape("MemoRef", {"value": text(1000)})
CUSTOM_FIELD = shape(
    "CustomField", {"StringValue": text(31), **kept("DefinitionId Name Type BooleanValue DateValue NumberValue")}
)
ADDRESS = shape(
    "PhysicalAddress",
    {
        **{f"Line{number_}": text(500) for number_ in range(1, 6)},
        "City": text(255),
        "Country": text(255),
        "CountrySubDivisionCode": text(255),
        "PostalCode": text(30),
        **kept("Id CountryCode County PostalCodeSuffix Lat Long Tag Note"),
    },
)
LINKED = shape("LinkedTxn", {"TxnId": text(30), "TxnType": text(30), "TxnLineId": as_sent})

SALES_DETAIL = shape(
    "SalesItemLineDetail",
    {
        "ItemRef": REFERENCE,
        "ItemAccountRef": REFERENCE,
        "TaxCodeRef": REFERENCE,
        "ClassRef": REFERENCE,
        "Qty": number,
        "UnitPrice": number,
        "ServiceDate": day,
        "TaxInclusiveAmt": money,
        **kept(
            "UnitCostPrice RatePercent PriceLevelRef MarkupInfo UOMRef InventorySiteRef TaxClassificationRef"
            " DiscountRate DiscountAmt DeferredRevenue SalesItemLineDetailEx"
        ),
    },
)
DISCOUNT_DETAIL = shape(
    "DiscountLineDetail",
    {
        "PercentBased": flag,
        "DiscountPercent": number,
        "DiscountAccountRef": REFERENCE,
        "TaxCodeRef": REFERENCE,
        **kept("DiscountRef ServiceDate ClassRef DiscountLineDetailEx"),
    },
)
TAX_DETAIL = shape(
    "TaxLineDetail",
    {
        "TaxRateRef": REFERENCE,
        "PercentBased": flag,
        "TaxPercent": number,
        "NetAmountTaxable": money,
        **kept("TaxInclusiveAmount OverrideDeltaAmount ServiceDate TaxLineDetailEx"),
    },
)
COMMON_LINE: Fields = {
    "Id": text(30),
    "LineNum": number,
    "Description": text(4000),
    "Amount": money,
    "LinkedTxn": each(LINKED),
    "CustomField": each(CUSTOM_FIELD),
}
INVOICE_LINE = shape(
    "Line",
    {
        **COMMON_LINE,
        "DetailType": choice(
            "SalesItemLineDetail",
            "DescriptionOnly",
            "DiscountLineDetail",
            "SubTotalLineDetail",
            "GroupLineDetail",
        ),
        "SalesItemLineDetail": SALES_DETAIL,
        "DiscountLineDetail": DISCOUNT_DETAIL,
        "SubTotalLineDetail": shape("SubTotalLineDetail", kept("ItemRef ServiceDate")),
        "DescriptionLineDetail": shape("DescriptionLineDetail", kept("ServiceDate TaxCodeRef")),
        "GroupLineDetail": as_sent,
        **kept("LineEx ProjectRef CostAmount HomeCostAmount CustomExtensions"),
    },
)
PAYMENT_LINE = shape("Line", {**COMMON_LINE, **kept("DetailType PaymentLineDetail LineEx")})
TAX_LINE = shape("Line", {**COMMON_LINE, "DetailType": choice("TaxLineDetail"), "TaxLineDetail": TAX_DETAIL})
TRANSACTION_TAX = shape(
    "TxnTaxDetail",
    {
        "TxnTaxCodeRef": REFERENCE,
        "TotalTax": money,
        "TaxLine": each(TAX_LINE),
        **kept("DefaultTaxCodeRef TaxReviewStatus UseAutomatedSalesTax"),
    },
)
