"""Lists of customers to take along: the profile with its scores as a file or a database's table, and whom to call."""

from __future__ import annotations

from crmlib.lists.calls import Calls, check_measure, top
from crmlib.lists.columns import CustomerList, customer_list
from crmlib.lists.files import write_customers
from crmlib.lists.targets import Target, target_of

__all__ = ["Calls", "CustomerList", "Target", "check_measure", "customer_list", "target_of", "top", "write_customers"]
