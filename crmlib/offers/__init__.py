"""Offers: what goes together, what to suggest next, and what a campaign or an action leaves to the shop.

>>> from crmlib import offers
>>> table = offers.actions()
>>> sorted({action.kind for action in table}), len(table)
(['cross_selling', 'discount', 'rebate', 'up_grading'], 20)
"""

from __future__ import annotations

from crmlib.offers.actions import KINDS, OfferAction, Response, actions, audiences, simulate_margin
from crmlib.offers.associations import association_rules, frequent_sets
from crmlib.offers.baskets import baskets
from crmlib.offers.profit import CampaignProfit, campaign_profit
from crmlib.offers.suggestions import METHODS, evaluate, next_best, up_grades

__all__ = [
    "KINDS",
    "METHODS",
    "CampaignProfit",
    "OfferAction",
    "Response",
    "actions",
    "association_rules",
    "audiences",
    "baskets",
    "campaign_profit",
    "evaluate",
    "frequent_sets",
    "next_best",
    "simulate_margin",
    "up_grades",
]
