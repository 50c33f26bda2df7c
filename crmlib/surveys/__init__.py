"""The customer's voice: NPS and CSAT with their uncertainty, who keeps silent, what moves the score, what people write.

>>> from crmlib import surveys
>>> surveys.nps([10, 9, 9, 7, 8, 3]).promoters
3
"""

from __future__ import annotations

from crmlib.surveys.answers import asked, one_per_customer
from crmlib.surveys.asked_columns import Question
from crmlib.surveys.comments import terms, themes
from crmlib.surveys.comparison import Difference, answers_needed, nps_difference
from crmlib.surveys.control import nps_over_time
from crmlib.surveys.csat import CSAT, csat, csat_by
from crmlib.surveys.drivers import drivers, experience
from crmlib.surveys.nps import NPS, nps, nps_by
from crmlib.surveys.replies import Replies, read_answers
from crmlib.surveys.response import known_of_asked, response_bias, response_rates, response_weights, tilted
from crmlib.surveys.scales import SCALES

__all__ = [
    "CSAT",
    "NPS",
    "SCALES",
    "Difference",
    "Question",
    "Replies",
    "answers_needed",
    "asked",
    "csat",
    "csat_by",
    "drivers",
    "experience",
    "known_of_asked",
    "nps",
    "nps_by",
    "nps_difference",
    "nps_over_time",
    "one_per_customer",
    "read_answers",
    "response_bias",
    "response_rates",
    "response_weights",
    "terms",
    "themes",
    "tilted",
]
