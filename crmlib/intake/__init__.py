"""Intake: raw leads and lists -> clean contacts, people, tickets and consent.

>>> import pandas as pd
>>> raw = pd.DataFrame({"nome": ["ANNA", "Anna"], "cognome": ["ROSSI", "Rossi"], "e-mail": ["anna@example.org"] * 2})
>>> merge_contacts(clean_contacts(raw))
Records: 2; people: 1; merges: 1 (1 exact email); pairs to review: 0.
"""

from crmlib.intake.agreement import Pairwise, pairwise
from crmlib.intake.cleaning import Cleaned, clean_contacts
from crmlib.intake.mail import Mail, tickets_from_mail
from crmlib.intake.merging import Merged, merge_contacts
from crmlib.intake.quality import quality_report
from crmlib.intake.store import Added, ContactStore

__all__ = [
    "Added",
    "Cleaned",
    "ContactStore",
    "Mail",
    "Merged",
    "Pairwise",
    "clean_contacts",
    "merge_contacts",
    "pairwise",
    "quality_report",
    "tickets_from_mail",
]
