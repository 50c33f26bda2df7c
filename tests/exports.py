# ruff: noqa: E501 - exports have lines as long as platforms write them
"""Exports of shop platforms in their documented format, with invented data, and the orders that they hold."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Export(NamedTuple):
    """An export.

    Attributes
    ----------
    title
        What the opening message calls it.
    text
        The file.
    orders
        order_id -> (customer_id, time in Rome, amount).
    aloud
        What the opening message says was left out, netted or dropped: finding -> (rows, money).
    more
        Arguments for `open_shop`.
    """

    title: str
    text: str
    orders: dict[str, tuple[str, str, float]]
    aloud: dict[str, tuple[int, float]]
    more: Mapping[str, Any] = MappingProxyType({})


_CANCELLED = "cancelled rows: dropped"
_RETURNED = "rows whose status says they were given back: dropped"
_NETTED = "rows of money given back: netted"

EXPORTS = {
    "shopify": Export(
        "Shopify's export of orders",
        """Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Cancelled at,Refunded Amount
#1001,k1@example.org,paid,2025-03-30 00:40:10 +0100,EUR,53.91,5.00,0.00,58.91,2025-03-30 00:40:02 +0100,1,Mask,34.90,M1,,0.00
#1001,k1@example.org,,,,,,,,2025-03-30 00:40:02 +0100,1,Soap,19.01,S1,,
#1002,k2@example.org,partially_refunded,2025-03-31 09:00:00 +0200,EUR,30.00,0.00,0.00,30.00,2025-03-31 09:00:00 +0200,3,Tea,10.00,T1,,10.00
#1003,k1@example.org,refunded,2025-04-02 23:50:00 +0200,EUR,40.00,0.00,0.00,40.00,2025-04-02 23:50:00 +0200,1,Cup,40.00,C1,,40.00
#1004,k3@example.org,voided,,EUR,35.00,0.00,0.00,35.00,2025-04-03 10:00:00 +0200,1,Cup,15.00,C1,2025-04-03 11:00:00 +0200,0.00
#1004,k3@example.org,,,,,,,,2025-04-03 10:00:00 +0200,2,Spoon,10.00,P1,,
""",
        {
            "#1001": ("k1@example.org", "2025-03-30 00:40:02", 58.91),
            "#1002": ("k2@example.org", "2025-03-31 09:00:00", 20.0),
        },
        {_CANCELLED: (2, 35.0), _RETURNED: (1, 40.0), _NETTED: (1, -10.0)},
    ),
    "woocommerce": Export(
        "WooCommerce's export of orders",
        """Order Number,Order Status,Order Date,Email (Billing),Order Subtotal Amount,Order Shipping Amount,Order Refund Amount,Order Total Amount,SKU,Item #,Item Name,Quantity,Item Cost
101,Completed,2024-01-05 10:00,k1@example.org,30.00,5.00,0.00,35.00,M1,1,Mug,1,10.00
101,Completed,2024-01-05 10:00,k1@example.org,30.00,5.00,0.00,35.00,C1,2,Cup,2,10.00
102,Failed,2024-01-06 11:00,k2@example.org,20.00,5.00,0.00,25.00,M1,1,Mug,2,10.00
103,Processing,2024-01-07 12:00,k2@example.org,20.00,0.00,5.00,20.00,M1,1,Mug,2,10.00
104,On hold,2024-01-08 12:00,k3@example.org,10.00,0.00,0.00,10.00,M1,1,Mug,1,10.00
""",
        {
            "101": ("k1@example.org", "2024-01-05 10:00:00", 35.0),
            "103": ("k2@example.org", "2024-01-07 12:00:00", 15.0),
        },
        {_CANCELLED: (2, 35.0), _NETTED: (1, -5.0)},
    ),
    "woocommerce-api": Export(
        "WooCommerce's export of orders",
        """order_id,order_number,status,date_created,customer_id,billing_email,total
1,101,wc-completed,2024-01-05 10:00:00,7,k1@example.org,35.00
2,102,wc-completed,2024-01-06 10:00:00,0,k2@example.org,20.00
3,103,wc-completed,2024-01-07 10:00:00,0,k3@example.org,15.00
4,104,wc-cancelled,2024-01-08 10:00:00,7,k1@example.org,50.00
""",
        {
            "1": ("7", "2024-01-05 10:00:00", 35.0),
            "2": ("k2@example.org", "2024-01-06 10:00:00", 20.0),
            "3": ("k3@example.org", "2024-01-07 10:00:00", 15.0),
        },
        {_CANCELLED: (1, 50.0)},
    ),
    "woocommerce-suite": Export(
        "WooCommerce's export of orders",
        """order_id,order_number,order_date,status,shipping_total,order_total,order_currency,customer_id,customer_email,refunded_total
11,501,2024-01-05 10:00:00,processing,0.00,20.00,EUR,3,k1@example.org,0.00
12,502,2024-01-06 10:00:00,refunded,0.00,9.00,EUR,0,K2@example.org,9.00
13,503,2024-01-07 10:00:00,completed,0.00,30.00,EUR,0,K2@example.org,12.00
""",
        {"11": ("3", "2024-01-05 10:00:00", 20.0), "13": ("k2@example.org", "2024-01-07 10:00:00", 18.0)},
        {_RETURNED: (1, 9.0), _NETTED: (1, -12.0)},
    ),
    "stripe": Export(
        "Stripe's export of payments",
        """id,Description,Created (UTC),Amount,Amount Refunded,Currency,Converted Amount,Fee,Mode,Status,Customer ID,Customer Email,Captured,Invoice ID
ch_1,,2024-01-05 10:00:00,35.00,0.00,eur,35.00,1.00,Live,Paid,cus_1,k1@example.org,true,in_1
ch_2,,2024-01-06 10:00:00,35.00,35.00,eur,35.00,1.00,Live,Refunded,cus_1,k1@example.org,true,
ch_3,,2024-01-07 10:00:00,99.00,0.00,eur,99.00,0.00,Live,Failed,cus_2,k2@example.org,false,
ch_4,,2024-01-04 23:30:00,12.00,2.00,eur,12.00,0.30,Live,Paid,,K3@example.org,true,
ch_5,,2024-01-04 10:00:00,77.00,0.00,eur,77.00,0.00,Test,Paid,cus_9,,true,
""",
        {
            "ch_1": ("cus_1", "2024-01-05 11:00:00", 35.0),
            "ch_4": ("k3@example.org", "2024-01-05 00:30:00", 10.0),
        },
        {
            _CANCELLED: (1, 99.0),
            _RETURNED: (1, 35.0),
            _NETTED: (1, -2.0),
            "rows whose Mode is 'Test', which is no order: left out": (1, 77.0),
        },
    ),
    "stripe-newer": Export(
        "Stripe's export of payments",
        """id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Status,Customer ID,Customer Email
ch_1,2024-01-05 10:00:00,35.00,0.00,eur,true,Paid,cus_1,k1@example.org
""",
        {"ch_1": ("cus_1", "2024-01-05 11:00:00", 35.0)},
        {},
    ),
    "magento": Export(
        "Magento's grid of orders",
        """ID,Purchase Point,Purchase Date,Bill-to Name,Ship-to Name,Grand Total (Base),Grand Total (Purchased),Status,Customer Email,Customer Group,Subtotal,Shipping and Handling,Total Refunded
000000001,Main Website,"Jan 5, 2024 10:00:00 AM",,,35.0000,35.0000,Complete,k1@example.org,General,30.0000,5.0000,0.0000
000000002,Main Website,"Jan 6, 2024 03:30:00 PM",,,20.0000,20.0000,Canceled,k1@example.org,General,20.0000,0.0000,0.0000
000000003,Main Website,"Jan 7, 2024 09:15:00 AM",,,12.5000,12.5000,Pending Payment,k2@example.org,NOT LOGGED IN,12.5000,0.0000,0.0000
000000004,Main Website,"Jan 8, 2024 08:00:00 PM",,,50.0000,50.0000,Processing,k3@example.org,NOT LOGGED IN,45.0000,5.0000,0.0000
""",
        {
            "000000001": ("k1@example.org", "2024-01-05 10:00:00", 35.0),
            "000000004": ("k3@example.org", "2024-01-08 20:00:00", 50.0),
        },
        {_CANCELLED: (2, 32.5)},
    ),
    "prestashop": Export(
        "PrestaShop's table of orders",
        """id_order;reference;id_customer;id_cart;id_currency;current_state;payment;total_paid;total_paid_tax_incl;total_paid_real;total_products;date_add
1;XKBKNABJK;5;1;1;2;Bank card;35.000000;35.000000;35.000000;30.000000;2024-01-05 10:00:00
2;OHSATSERP;5;2;1;6;Bank card;20.000000;20.000000;0.000000;20.000000;2024-01-06 10:00:00
3;UOYEVOLI;6;3;1;5;Bank card;50.500000;50.500000;50.500000;45.500000;2024-01-07 10:00:00
4;FFATNOMMJ;7;4;1;10;Bank wire;9.900000;9.900000;0.000000;9.900000;2024-01-08 10:00:00
5;KHWLILZLL;6;5;1;7;Bank card;11.000000;11.000000;11.000000;11.000000;2024-01-09 10:00:00
""",
        {"1": ("5", "2024-01-05 10:00:00", 35.0), "3": ("6", "2024-01-07 10:00:00", 50.5)},
        {_CANCELLED: (2, 29.9), _RETURNED: (1, 11.0)},
    ),
    "prestashop-grid": Export(
        "PrestaShop's grid of orders",
        """ID;Reference;New client;Delivery;Customer;Total;Payment;Status;Date
1;XKBKNABJK;1;Italy;K. One;35.00;Bank card;Payment accepted;01/05/2024 10:00:00
2;OHSATSERP;0;Italy;K. One;20.00;Bank card;Canceled;01/06/2024 10:00:00
3;UOYEVOLI;1;Italy;K. Two;50.50;Bank card;On backorder (paid);2024-01-07 10:00:00
""",
        {"1": ("K. One", "2024-01-05 10:00:00", 35.0), "3": ("K. Two", "2024-01-07 10:00:00", 50.5)},
        {_CANCELLED: (1, 20.0)},
    ),
    "amazon": Export(
        "Amazon's report of orders",
        """order-id\torder-item-id\tpurchase-date\tpayments-date\tbuyer-email\tbuyer-name\tsku\tproduct-name\tquantity-purchased\tcurrency\titem-price\titem-tax\tshipping-price\tshipping-tax\titem-promotion-discount
701-1\t11\t2024-01-05T10:00:00+00:00\t2024-01-05T10:00:00+00:00\ta1@marketplace.example\tK\tM1\tMug\t2\tEUR\t20.00\t0.00\t4.00\t0.00\t-1.50
701-1\t12\t2024-01-05T10:00:00+00:00\t2024-01-05T10:00:00+00:00\ta1@marketplace.example\tK\tC1\tCup\t1\tEUR\t10.00\t0.00\t0.00\t0.00\t
701-1\t12\t\t\t\t\t\t\t\t\t\t\t\t\t2.00
701-2\t13\t2024-01-06T23:30:00+00:00\t2024-01-06T23:30:00+00:00\ta2@marketplace.example\tK\tM1\tMug\t1\tEUR\t12.00\t0.00\t\t\t
""",
        {
            "701-1": ("a1@marketplace.example", "2024-01-05 11:00:00", 30.5),
            "701-2": ("a2@marketplace.example", "2024-01-07 00:30:00", 12.0),
        },
        {_NETTED: (1, -2.0)},
    ),
    "amazon-fba": Export(
        "Amazon's report of orders",
        """amazon-order-id,merchant-order-id,shipment-id,shipment-item-id,purchase-date,payments-date,buyer-email,sku,quantity-shipped,currency,item-price,item-tax,shipping-price,gift-wrap-price,ship-promotion-discount
058-1,,s1,i1,2024-01-05T10:00:00+00:00,2024-01-05T10:00:00+00:00,a1@marketplace.example,M1,1,EUR,20.00,0.00,4.00,3.00,4.00
""",
        {"058-1": ("a1@marketplace.example", "2024-01-05 11:00:00", 23.0)},
        {},
    ),
    "paypal": Export(
        "PayPal's activity download",
        """"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","From Email Address","To Email Address","Transaction ID","Reference Txn ID","Invoice Number"
"05/01/2024","10:00:00","CET","K One","Express Checkout Payment","Completed","EUR","35.00","-1.54","33.46","k1@example.org","shop@example.org","T1","",""
"06/01/2024","11:00:00","CET","K Two","Website Payment","Partially Refunded","EUR","20.00","-1.03","18.97","k2@example.org","shop@example.org","T2","",""
"07/01/2024","09:30:00","CET","K Two","Payment Refund","Completed","EUR","-5.00","0.17","-4.83","shop@example.org","K2@example.org","T3","T2",""
"08/01/2024","09:30:00","CET","K One","Express Checkout Payment","Refunded","EUR","12.00","-0.76","11.24","k1@example.org","shop@example.org","T4","",""
"09/01/2024","09:30:00","CET","K One","Payment Refund","Completed","EUR","-12.00","0.41","-11.59","shop@example.org","k1@example.org","T5","T4",""
"09/01/2024","10:30:00","CET","K Three","Express Checkout Payment","Pending","EUR","8.00","0.00","8.00","k3@example.org","shop@example.org","T6","",""
"10/01/2024","12:00:00","CET","","General Withdrawal","Completed","EUR","-40.00","0.00","-40.00","shop@example.org","","T7","",""
""",
        {"T1": ("k1@example.org", "2024-01-05 10:00:00", 35.0), "T2": ("k2@example.org", "2024-01-06 11:00:00", 15.0)},
        {
            _CANCELLED: (1, 8.0),
            _RETURNED: (2, 0.0),
            _NETTED: (1, -5.0),
            "rows whose Type is 'General Withdrawal', which is no order: left out": (1, -40.0),
        },
        {"date_format": "%d/%m/%Y %H:%M:%S"},
    ),
    "ga4": Export(
        "Google Analytics 4's list of purchases",
        """event_date,event_timestamp,event_name,user_pseudo_id,user_id,transaction_id,purchase_revenue,refund_value,item_id,item_quantity
20240105,1704448800000000,purchase,111.222,u1,T1,35.00,,M1,1
20240105,1704448800000000,purchase,111.222,u1,T1,35.00,,C1,2
20240106,1704535200000000,purchase,333.444,,T2,20.00,,M1,2
20240107,1704621600000000,refund,333.444,,T2,,5.00,,
20240108,1704708000000000,purchase,333.444,,T3,9.00,,M1,1
20240109,1704794400000000,refund,333.444,,T3,,,,
20240109,1704794400000000,page_view,555.666,,,,,,
""",
        {"T1": ("u1", "2024-01-05 11:00:00", 35.0), "T2": ("333.444", "2024-01-06 11:00:00", 15.0)},
        {_NETTED: (2, -14.0), "rows whose event_name is 'page_view', which is no order: left out": (1, float("nan"))},
    ),
    "ga4-ecommerce": Export(  # records flattened with their names, times by TIMESTAMP_MICROS
        "Google Analytics 4's list of purchases",
        """event_name,event_timestamp,user_pseudo_id,ecommerce_transaction_id,ecommerce_purchase_revenue,ecommerce_refund_value,items_item_id,items_quantity,items_price
purchase,2024-01-05 10:00:00 UTC,111.222,T1,35.00,,M1,1,15.00
purchase,2024-01-05 10:00:00 UTC,111.222,T1,35.00,,C1,2,10.00
purchase,2024-01-06 10:00:00.123456 UTC,333.444,T2,20.00,,M1,2,10.00
refund,2024-01-07 10:00:00 UTC,333.444,T2,,5.00,,,
add_to_cart,2024-01-08 10:00:00 UTC,555.666,(not set),,,M1,1,10.00
""",
        {"T1": ("111.222", "2024-01-05 11:00:00", 35.0), "T2": ("333.444", "2024-01-06 11:00:00", 15.0)},
        {_NETTED: (1, -5.0), "rows whose event_name is 'add_to_cart', which is no order: left out": (1, float("nan"))},
    ),
    "klaviyo": Export(
        "Klaviyo's list of Placed Order events",
        """Timestamp,Person//Email,$event_id,$value,Items
2024-01-05 10:00:00,k1@example.org,O1,35.00,Mug
2024-01-06 10:00:00,K1@example.org,O2,20.00,Cup
""",
        {"O1": ("k1@example.org", "2024-01-05 10:00:00", 35.0), "O2": ("k1@example.org", "2024-01-06 10:00:00", 20.0)},
        {},
    ),
    "klaviyo-ids": Export(  # people by an id of the shop's own, columns in another order
        "Klaviyo's list of Placed Order events",
        """Person//ID,$event_id,Timestamp,$value
K1,O1,2024-01-05 10:00:00,35.00
K2,O2,2024-01-06 10:00:00,20.00
""",
        {"O1": ("K1", "2024-01-05 10:00:00", 35.0), "O2": ("K2", "2024-01-06 10:00:00", 20.0)},
        {},
    ),
    "klaviyo-api": Export(  # Get Events, flattened
        "Klaviyo's list of Placed Order events",
        """type,id,attributes.timestamp,attributes.datetime,attributes.uuid,attributes.event_properties.$event_id,attributes.event_properties.$value,relationships.profile.data.id,relationships.metric.data.id
event,e1,1704448800,2024-01-05T10:00:00+00:00,u1,O1,35.00,01P1,M
event,e2,1704535200,2024-01-06T10:00:00+00:00,u2,O2,20.00,01P2,M
""",
        {"O1": ("01P1", "2024-01-05 11:00:00", 35.0), "O2": ("01P2", "2024-01-06 11:00:00", 20.0)},
        {},
    ),
    "erp": Export(
        "a list of order lines with a total beside them",
        """customer_id,order_id,order_date,order_total,sku,quantity,unit_price
K1,1,2024-01-05,30.00,M1,1,10.00
K1,1,2024-01-05,30.00,C1,2,10.00
K2,2,2024-02-01,20.00,M1,2,10.00
""",
        {"1": ("K1", "2024-01-05 00:00:00", 30.0), "2": ("K2", "2024-02-01 00:00:00", 20.0)},
        {"totals repeated on lines: counted once": (1, 30.0)},
    ),
    "erp-german": Export(
        "a list of order lines with a total beside them",
        """Kundennummer;Bestellnummer;Bestelldatum;Artikelnummer;Menge;Einzelpreis;Gesamtbetrag
K1;1;05.01.2024;M1;1;10,00;30,00
K1;1;05.01.2024;C1;2;10,00;30,00
K2;2;01.02.2024;M1;2;10,00;20,00
""",
        {"1": ("K1", "2024-01-05 00:00:00", 30.0), "2": ("K2", "2024-02-01 00:00:00", 20.0)},
        {"totals repeated on lines: counted once": (1, 30.0)},
        {"decimal": ",", "date_format": "%d.%m.%Y"},
    ),
}
