"""One row per customer: every fact under one name, with its unit, its source and what it was given for.

The room puts together what tables and analyses say of a customer; it must not know what is done about one.
`crmlib.customers` shows its names.
"""

from __future__ import annotations

from crmlib.profiles.building import profile
from crmlib.profiles.covered import coverage
from crmlib.profiles.fields import FIELDS, GROUPS, Field, dictionary, name_of
from crmlib.profiles.known import PERSONAL

__all__ = ["FIELDS", "GROUPS", "PERSONAL", "Field", "coverage", "dictionary", "name_of", "profile"]
