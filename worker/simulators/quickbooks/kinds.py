"""The entities of the books: what each may hold, and what a query may ask of it.

The fields are those of Intuit's description; https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities
says which of them can be filtered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from worker.simulators.quickbooks.fields import Fields, choice, day, each, flag, money, number, text
from worker.simulators.quickbooks.refusal import unsupported
from worker.simulators.quickbooks.shapes import (
    ADDRESS,
    CUSTOM_FIELD,
    EMAIL,
    INVOICE_LINE,
    MEMO,
    PAYMENT_LINE,
    PHONE,
    REFERENCE,
    TRANSACTION_TAX,
    WEB,
    kept,
)

SYSTEM = "Id SyncToken MetaData domain status sparse"
"""Fields of every object that the writer does not set."""
TIMES = "MetaData.CreateTime MetaData.LastUpdatedTime"


@dataclass(frozen=True)
class Kind:
    """One entity; `name` is Intuit's spelling.

    `counter` names the row of numbers that its ids come from, `label` the field with its name, empty for transactions.
    `computed` are fields that may be sent and are not looked at.
    """

    name: str
    fields: Fields = field(default_factory=dict)
    computed: frozenset[str] = frozenset()
    queryable: frozenset[str] = frozenset()
    counter: str = ""
    label: str = ""
    in_cdc: bool = True

    @property
    def writable(self) -> bool:
        return bool(self.fields)

    @property
    def is_transaction(self) -> bool:
        return not self.label


def references(names: str) -> Fields:
    return dict.fromkeys(names.split(), REFERENCE)


PERSON: Fields = {
    **dict.fromkeys(("Title", "Suffix"), text(16)),
    **dict.fromkeys(("GivenName", "MiddleName", "FamilyName", "CompanyName"), text(100)),
    **dict.fromkeys(("DisplayName", "PrintOnCheckName"), text(500)),
    **dict.fromkeys(("PrimaryPhone", "AlternatePhone", "Mobile", "Fax"), PHONE),
    "PrimaryEmailAddr": EMAIL,
    "WebAddr": WEB,
    "Active": flag,
    "BillAddr": ADDRESS,
    "ShipAddr": ADDRESS,
    "Notes": text(2000),
    "CurrencyRef": REFERENCE,
    **kept(
        "CustomField AttachableRef IntuitId Organization UserId V4IDPseudonym OtherContactInfo OtherAddr ContactName"
    ),
    **kept("AltContactName AcctNum BusinessNumber GSTIN GSTRegistrationType Source TDSEnabled"),
}
PERSON_COMPUTED = "FullyQualifiedName Balance BalanceWithJobs Level OverDueBalance TotalRevenue TotalExpense"
PERSON_QUERIES = (
    f"Id DisplayName GivenName MiddleName FamilyName Title Suffix CompanyName PrintOnCheckName FullyQualifiedName"
    f" PrimaryEmailAddr Active {TIMES}"
)
TRANSACTION: Fields = {
    "DocNumber": text(21),
    "TxnDate": day,
    "PrivateNote": text(4000),
    "ExchangeRate": number,
    "CustomField": each(CUSTOM_FIELD),
    **references("CustomerRef CurrencyRef DepartmentRef ARAccountRef DepositToAccountRef PaymentMethodRef"),
    **references("ProjectRef RecurDataRef RemitToRef"),
    "PaymentRefNum": text(21),
    "PaymentType": choice("Cash", "Check", "CreditCard", "Expense", "Other"),
    **kept("AttachableRef TxnStatus TxnSource TaxFormType TaxFormNum TransactionLocationType Tag TxnApprovalInfo"),
    **kept("RecurringInfo TotalCostAmount HomeTotalCostAmount CheckPayment CreditCardPayment"),
}


def _kind(name: str, fields: Fields, computed: str = "", queries: str = "", **others: object) -> Kind:
    unwritten = frozenset(f"{SYSTEM} {computed}".split())
    return Kind(name, fields, unwritten, frozenset(queries.split()), **others)  # type: ignore[arg-type]


CUSTOMER = _kind(
    "Customer",
    {
        **PERSON,
        **dict.fromkeys(("Job", "BillWithParent", "Taxable", "IsProject"), flag),
        **references("DefaultTaxCodeRef ParentRef CustomerTypeRef SalesTermRef PaymentMethodRef ARAccountRef"),
        "PreferredDeliveryMethod": choice("Print", "Email", "None"),
        "ResaleNum": text(16),
        "OpenBalanceDate": day,
        **kept("RootCustomerRef SalesRepRef TaxGroupCodeRef TaxRateRef CCDetail PriceLevelRef CreditLimit JobInfo"),
        **kept("CustomerEx SecondaryTaxIdentifier PrimaryTaxIdentifier TaxExemptionReasonId IsCISContractor"),
        **kept("ClientCompanyId ClientEntityId TaxRegime"),
    },
    PERSON_COMPUTED,
    f"{PERSON_QUERIES} Balance BalanceWithJobs Job Taxable",
    counter="names",
    label="DisplayName",
)
VENDOR = _kind(
    "Vendor",
    {
        **PERSON,
        **references("DefaultTaxCodeRef ParentRef VendorTypeRef TermRef PrefillAccountRef APAccountRef"),
        **kept("TaxCountry TaxIdentifier TaxIdEffectiveDate BillRate OpenBalanceDate CreditLimit Vendor1099"),
        **kept("T4AEligible T5018Eligible TDSEntityTypeId TDSSectionTypeId TDSOverrideThreshold TaxReportingBasis"),
        **kept("VendorEx IsSubContractor SubcontractorType CISRate HasTPAR VendorPaymentBankDetail CostRate"),
    },
    "FullyQualifiedName Balance",
    PERSON_QUERIES,
    counter="names",
    label="DisplayName",
)
EMPLOYEE = _kind(
    "Employee",
    {**PERSON, "PrimaryAddr": ADDRESS, "HiredDate": day, "ReleasedDate": day, **kept("SSN EmployeeNumber Gender")},
    "FullyQualifiedName",
    PERSON_QUERIES,
    counter="names",
    label="DisplayName",
)
ITEM = _kind(
    "Item",
    {
        "Name": text(100),
        "Sku": text(100),
        "Description": text(4000),
        "PurchaseDesc": text(1000),
        "Type": choice("Service", "Inventory", "NonInventory", "Group", "Category"),
        **dict.fromkeys(("Active", "SubItem", "Taxable", "SalesTaxIncluded", "TrackQtyOnHand"), flag),
        **dict.fromkeys(("UnitPrice", "PurchaseCost", "QtyOnHand", "RatePercent"), number),
        **references("IncomeAccountRef ExpenseAccountRef AssetAccountRef COGSAccountRef ParentRef SalesTaxCodeRef"),
        **references("PurchaseTaxCodeRef ClassRef PrefVendorRef TaxClassificationRef"),
        "InvStartDate": day,
        **kept("CustomField AttachableRef PercentBased PaymentMethodRef UOMSetRef PurchaseTaxIncluded AvgCost"),
        **kept("QtyOnPurchaseOrder QtyOnSalesOrder ReorderPoint ManPartNum DepositToAccountRef BuildPoint"),
        **kept("PrintGroupedItems SpecialItem SpecialItemType ItemGroupDetail ItemAssemblyDetail AbatementRate"),
        **kept("ReverseChargeRate ServiceType ItemCategoryType ItemEx UQCDisplayText UQCId Source DeferredRevenue"),
    },
    "FullyQualifiedName Level",
    f"Id Name Sku Type Active FullyQualifiedName UnitPrice {TIMES}",
    counter="items",
    label="Name",
)
INVOICE = _kind(
    "Invoice",
    {
        **TRANSACTION,
        "Line": each(INVOICE_LINE),
        "TxnTaxDetail": TRANSACTION_TAX,
        "CustomerMemo": MEMO,
        **dict.fromkeys(("BillAddr", "ShipAddr", "ShipFromAddr"), ADDRESS),
        **dict.fromkeys(("BillEmail", "BillEmailCc", "BillEmailBcc"), EMAIL),
        **dict.fromkeys(("DueDate", "ShipDate"), day),
        **references("ClassRef SalesTermRef SalesRepRef ShipMethodRef TemplateRef"),
        "GlobalTaxCalculation": choice("TaxExcluded", "TaxInclusive", "NotApplicable"),
        "ApplyTaxAfterDiscount": flag,
        "PrintStatus": choice("NotSet", "NeedToPrint", "PrintComplete"),
        "EmailStatus": choice("NotSet", "NeedToSend", "EmailSent"),
        "TrackingNum": text(31),
        "Deposit": money,
        **dict.fromkeys(("AllowIPNPayment", "AllowOnlinePayment", "AllowOnlineCreditCardPayment"), flag),
        **dict.fromkeys(("AllowOnlineACHPayment", "AllowOnlinePayPalPayment", "FreeFormAddress"), flag),
        **kept("AutoDocNumber PONumber FOB ShippingTaxIncludedInTotalTax FinanceCharge DeliveryInfo DiscountRate"),
        **kept("TaxExemptionRef"),
        **kept("DiscountAmt GovtTxnRefIdentifier EInvoiceStatus ECloudStatusTimeStamp CfdiUse Exportation GlobalInfo"),
        **kept("invoiceStatus callToAction invoiceStatusLog InvoiceEx LessCIS InvoiceLink PaymentDetailsMessage"),
        **kept("ConvenienceFeeDetail InvoiceLinkSecurityCode InvoiceLinkExpiryDate AutoPayEligible"),
        **kept(
            "SchedulePayEligible ScheduledPaymentId GratuityEnabled FinancingProductType SubscriptionPaymentsSetting"
        ),
    },
    "TotalAmt Balance HomeTotalAmt HomeBalance LinkedTxn",
    f"Id DocNumber TxnDate DueDate CustomerRef TotalAmt Balance SalesTermRef {TIMES}",
    counter="transactions",
)
PAYMENT = _kind(
    "Payment",
    {**TRANSACTION, "TotalAmt": money, "Line": each(PAYMENT_LINE), "ProcessPayment": flag, **kept("PaymentEx")},
    "UnappliedAmt LinkedTxn TxnTaxDetail",
    f"Id TxnDate CustomerRef TotalAmt PaymentRefNum {TIMES}",
    counter="transactions",
)
METHOD = _kind(
    "PaymentMethod",
    {"Name": text(31), "Active": flag, "Type": choice("CREDIT_CARD", "NON_CREDIT_CARD")},
    queries=f"Id Name Active Type {TIMES}",
    counter="methods",
    label="Name",
)
LISTS = f"Id Name Active {TIMES}"
READ_ONLY = (
    _kind(
        "Account",
        {},
        queries=f"{LISTS} AccountType AccountSubType Classification FullyQualifiedName",
        label="Name",
    ),
    _kind("TaxCode", {}, queries=LISTS, label="Name", in_cdc=False),
    _kind("TaxRate", {}, queries=LISTS, label="Name", in_cdc=False),
    _kind("TaxAgency", {}, queries="Id DisplayName", label="DisplayName", in_cdc=False),
    _kind("Preferences", {}, queries=TIMES, label="Id"),
    _kind("CompanyInfo", {}, queries=f"Id CompanyName {TIMES}", label="CompanyName"),
)
KINDS: Mapping[str, Kind] = MappingProxyType(
    {kind.name.lower(): kind for kind in (CUSTOMER, VENDOR, EMPLOYEE, ITEM, INVOICE, PAYMENT, METHOD, *READ_ONLY)}
)


def kind_of(name: str) -> Kind:
    """The entity of this name, whatever its case; refused (500) for one that the books do not keep."""
    kind = KINDS.get(name.lower())
    if kind is None:
        raise unsupported(name)
    return kind
