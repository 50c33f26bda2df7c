"""Plans to hold one's own against: from doing nothing to knowing everything.

The plans of a shop that learns (risk, uplift) use what is observable and the models of `crmlib.churn`; only the oracle
reads the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from crmlib import churn
from crmlib.actions.plans import Plan, Targeting
from crmlib.actions.sequences import Offer, Sequence, Step, Trigger
from crmlib.actions.targets import observable
from crmlib.futures.compare import NOTHING
from crmlib.futures.parameters import FutureParameters
from crmlib.futures.present import present
from crmlib.futures.run import Run
from crmlib.synth.people import ANSWERS

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from crmlib.actions.sequences import Channel, Event, OfferKind, Purpose
    from crmlib.arrays import Floats, Ints
    from crmlib.futures.present import Present
    from crmlib.shop import Shop
    from crmlib.synth.shop import MakeResult


__all__ = [
    "Trials",
    "oracle",
    "reference_plans",
    "risk_plan",
    "three_signals",
    "try_everything",
    "uplift_plan",
    "weekly_mail",
]

_FATES = 16
_TERMS = 4  # dates from which the risk model learns
_HORIZON = 90
_PENALTY = 0.03  # less than the model's own: with the profile there are many small differences to learn
_EVER = 36_500  # days: nobody is too long silent
_SURE = 1.0  # standard errors
_HALVINGS = 40
_CENT = 0.01  # EUR: nothing counts as cheaper
_SPARE = 2.0  # standard deviations of what is spent
_OWN_FUTURES = 2**40  # seeds of the oracle's trials begin here, where no comparison's are


def _sequence(
    name: str, event: Event, days: float | None, channels: tuple[Channel, ...], kind: OfferKind | None, *,
    discount: float = 0.0, purpose: Purpose = "marketing", again: int = 90, code: str = "",
) -> Sequence:  # fmt: skip
    """Return a sequence of one message."""
    offer = None if kind is None else Offer(kind=kind, discount=discount, code=code)
    step = Step(name="message", channels=channels, template=name, offer=offer)
    trigger = Trigger(event=event, days=days)
    return Sequence(name=name, version=1, purpose=purpose, trigger=trigger, steps=(step,), again_after_days=again)


def weekly_mail(discount: float = 0.10) -> Plan:
    """Return the plan to mail everyone who allows it a promotion, every week.

    Parameters
    ----------
    discount
        In every mail.
    """
    mail = _sequence("weekly", "calendar", 7, ("email",), "promo", discount=discount, again=0, code="OGNI7")
    return Plan(name="weekly_mail", sequences=(mail,))


def three_signals() -> Plan:
    """Return the texts' preventive actions, one for each churn signal.

    No login: a cordial reminder with an incentive, by mail or SMS. No repurchase: a personal discount, by mail. Low
    score: a request for feedback in an empathetic tone, by mail, which is an apology.
    """
    return Plan(name="three_signals", sequences=(_apology(), _reminder(), _personal_discount()))


def _apology() -> Sequence:
    return _sequence("feedback", "low_score", None, ("email",), "apology", purpose="service")


def _reminder(discount: float = 0.05) -> Sequence:
    return _sequence("reminder", "no_login", None, ("email", "sms"), "reminder", discount=discount, code="TORNA5")


def _personal_discount(discount: float = 0.10) -> Sequence:
    return _sequence("personal_discount", "no_purchase", None, ("email",), "winback", discount=discount,
                     purpose="soft_spam", code="RIATTVA10")  # fmt: skip


def risk_plan(begins: Present, *, top_share: float = 0.30) -> Plan:
    """Return a plan that courts the active customers who are likeliest to leave, every 60 days.

    Parameters
    ----------
    begins
        Its observable part is used.
    top_share
        Share of the customers to court.
    """
    shop = begins.shop
    seen = churn.examples(shop, churn.origins(shop, _TERMS, horizon_days=_HORIZON))
    risk = churn.ChurnModel("logistic").fit(seen).predict(churn.features(shop))
    court = _sequence("court", "calendar", 60, ("email",), "winback", discount=0.10, purpose="soft_spam",
                      again=0, code="RESTA10")  # fmt: skip
    plan = Plan(name="risk_model", sequences=(_apology(), court))
    plan = plan.with_scores("risk", risk.round(5))
    return msgspec.structs.replace(plan, targeting={"court": Targeting(score="risk", top_share=top_share)})


def uplift_plan(begins: Present, sizes: FutureParameters | None = None) -> Plan:
    """Return a plan that contacts those whom past experiments say a contact moves by more than it costs, monthly.

    The gain of a contact is (orders it adds) x (margin of an order less the discount) less the discount on the orders
    that come anyway. It is learnt from promotions; without a discount about half of it is left, at no such cost:
    that is what the plan sends.

    Parameters
    ----------
    begins
        Its observable part is used.
    sizes
        Its margin and costs are known to the shop.
    """
    sizes, shop, seen = sizes or FutureParameters(), begins.shop, begins.seen
    history = churn.experiments(shop, build=_described)
    known = _described(shop)
    uplift = churn.UpliftModel(penalty=_PENALTY).fit(history).predict(known)
    value = (seen["spend"] / seen["orders"].where(seen["orders"] > 0)).reindex(uplift.index)
    pays = uplift * sizes.without_discount * value * sizes.margin - sizes.costs.email
    mail = _sequence("moved", "calendar", 28, ("email",), "bundle", purpose="soft_spam", again=0)
    plan = Plan(name="uplift_model", sequences=(_apology(), mail)).with_scores("pays", pays.round(4))
    return msgspec.structs.replace(plan, targeting={"moved": Targeting(score="pays", at_least=0.0)})


def _described(shop: Shop) -> pd.DataFrame:
    """Describe customers by what they did and by what they said of themselves."""
    table = churn.features(shop, policy={"churn": {"active_days": _EVER}})
    told = observable(shop).reindex(table.index)
    table["birth_year"] = told["birth_year"].astype(float)
    for name in ("price_importance", "quality_importance", "novelty_importance", "sustainability_importance"):
        table[name] = told[name].astype(float)
    for name, options in ANSWERS.items():
        if name in told and name not in table and name not in {"interests", "household_size"}:
            for option in options:
                table[f"{name}_{option}"] = (told[name] == option).astype(float)
    return table


def _choices() -> dict[str, tuple[Sequence, ...]]:
    """Return the bundles of sequences from which the oracle chooses for each customer."""
    monthly = _sequence("monthly", "calendar", 28, ("email",), "season", purpose="soft_spam", again=0)
    bundle = _sequence("bundles", "calendar", 28, ("email",), "bundle", purpose="soft_spam", again=0)
    promo = _sequence("promotions", "calendar", 28, ("email",), "promo", purpose="soft_spam", again=0)
    deal = _sequence(
        "deals", "calendar", 42, ("email",), "promo", discount=0.10, purpose="soft_spam", again=0, code="ORA10"
    )
    texts = _sequence("texts", "calendar", 28, ("whatsapp", "sms"), "promo", again=0)
    weekly = weekly_mail().sequences[0]
    court = _sequence(
        "court", "calendar", 60, ("email",), "winback", discount=0.10, purpose="soft_spam", again=0, code="RESTA10"
    )
    return {
        "season": (monthly,), "bundle": (bundle,), "promo": (promo,), "deal": (deal,), "texts": (texts,),
        "weekly": (weekly,), "court": (court,), "reminder": (_reminder(),), "discount": (_personal_discount(),),
        "both": (_reminder(), _personal_discount()), "promo_and_texts": (promo, texts),
    }  # fmt: skip


@dataclass(frozen=True)
class Trials:
    """What each bundle of sequences would bring with each customer: the knowledge of the oracle.

    Attributes
    ----------
    customers
        Those with whom something can be won: who is still there, and buys.
    bundles
        The bundles that were tried.
    gains, errors, costs
        A row a bundle, a column a customer: mean gain in profit over doing nothing, its standard error over the fates
        that were tried, and what the bundle costs.
    spreads
        Standard deviation of the costs over the fates.
    """

    customers: pd.Index[str]
    bundles: tuple[tuple[Sequence, ...], ...]
    gains: Floats
    errors: Floats
    costs: Floats
    spreads: Floats

    def plan(self, budget: float | None = None) -> Plan:
        """Return the best plan: for each customer the bundle that brings most, less what its cost is worth elsewhere.

        Under a budget a unit of money has a price, the lowest at which all bundles that are still worth it can be paid
        (Everett, Operations Research 11, 1963). So a dear bundle gives way to a cheap one before a
        customer is left out.

        Parameters
        ----------
        budget
            As for `crmlib.actions.Plan`; it is to last with two standard deviations to spare, for one redeemed code can
            cost as much as a thousand mails.
        """
        price = 0.0 if budget is None else self._price(budget)
        best, worth = self._best(price)
        chosen = worth > 0
        cost = self.costs[best, np.arange(len(best))]
        ratio = worth / np.maximum(cost, _CENT)
        members: dict[str, list[int]] = {}
        sequences = {sequence.name: sequence for bundle in self.bundles for sequence in bundle}
        for number, bundle in enumerate(self.bundles):
            for sequence in bundle:
                members.setdefault(sequence.name, []).extend(np.flatnonzero(chosen & (best == number)).tolist())
        score = np.round(ratio, 3)
        scores = {name: {self.customers[row]: float(score[row]) for row in sorted(own)}
                  for name, own in members.items() if own}  # fmt: skip
        return Plan(
            name="oracle", sequences=tuple(sequences[name] for name in scores), scores=scores,
            targeting={name: Targeting(score=name) for name in scores}, budget=budget,
        )  # fmt: skip

    def _best(self, price: float) -> tuple[Ints, Floats]:
        """Return each customer's best bundle at a price of money, and what it is worth then."""
        # Of many bundles that bring nothing, the best seems to bring something: only what is beyond its error counts.
        worth = self.gains - _SURE * self.errors - price * self.costs
        best = worth.argmax(axis=0)
        return best, worth[best, np.arange(len(best))]

    def _price(self, budget: float) -> float:
        """Return the lowest price of money at which the budget is enough."""

        def spends(price: float) -> float:
            best, worth = self._best(price)
            rows = np.flatnonzero(worth > 0)
            cost, spread = self.costs[best[rows], rows], self.spreads[best[rows], rows]
            return float(cost.sum() + _SPARE * np.sqrt((spread**2).sum()))

        if spends(0.0) <= budget:
            return 0.0
        low, high = 0.0, 1.0
        while spends(high) > budget:
            high *= 2
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if spends(middle) > budget else (low, middle)
        return high


def try_everything(
    begins: Present, *, days: int = 365, seed: int = 0, sizes: FutureParameters | None = None, fates: int = _FATES
) -> Trials:
    """Simulate every bundle of sequences for every customer, in many futures.

    Parameters
    ----------
    begins
        With its truth.
    days
        Length of the futures.
    seed
        Of the futures; apart from those of any comparison.
    sizes
        Sizes of the effects.
    fates
        How many futures of each customer.
    """
    sizes = sizes or FutureParameters()
    # Who has left, or never buys, is not won by anything.
    there = np.flatnonzero((begins.truth["alive"] & begins.truth["buyer"]).to_numpy(dtype=bool))
    tried = begins.repeated(there, fates)

    def expected(sequences: tuple[Sequence, ...]) -> tuple[Floats, Floats]:
        run = Run(tried, Plan(name="tried", sequences=sequences), sizes, days=days, seed=_OWN_FUTURES + seed)
        table = run.go(progress=False).customers
        profit, cost = table["expected_profit"].to_numpy(), (table["contact_cost"] + table["discounts"]).to_numpy()
        return profit.reshape(fates, -1), cost.reshape(fates, -1)

    still, _ = expected(())
    bundles = tuple((_apology(), *bundle) for bundle in ((), *_choices().values()))
    results = [expected(bundle) for bundle in bundles]
    each = np.array([profit - still for profit, _ in results])  # bundle, fate, customer: the same fates
    return Trials(
        begins.seen.index[there], bundles, each.mean(axis=1), each.std(axis=1, ddof=1) / np.sqrt(fates),
        np.array([cost.mean(axis=0) for _, cost in results]), np.array([cost.std(axis=0) for _, cost in results]),
    )  # fmt: skip


def oracle(
    shop_truth: MakeResult | Present | str | Path, *, days: int = 365, seed: int = 0,
    parameters: FutureParameters | None = None, budget: float | None = None, fates: int = _FATES,
) -> Plan:  # fmt: skip
    """Return the plan of one who knows the truth: for each customer the bundle of sequences that brings most.

    It is an upper bound for plans made of these sequences, as sharp as the expectations that it is made of. Who gains
    by none is left alone.

    Parameters
    ----------
    shop_truth, parameters
        As for `crmlib.futures.future`.
    days, seed, fates
        As for `try_everything`.
    budget
        As for `crmlib.actions.Plan`.
    """
    return try_everything(present(shop_truth), days=days, seed=seed, sizes=parameters, fates=fates).plan(budget)


def reference_plans(
    shop_truth: MakeResult | Present | str | Path, *, days: int = 365, seed: int = 0,
    parameters: FutureParameters | None = None, fates: int = _FATES,
) -> dict[str, Plan]:  # fmt: skip
    """Return the plans to hold one's own against.

    Parameters
    ----------
    shop_truth, parameters
        As for `crmlib.futures.future`.
    days
        For how long the oracle plans.
    seed
        Of the futures in which the oracle tries.
    fates
        How many futures of each customer the oracle looks at.

    Returns
    -------
    dict
        ``do_nothing``, ``weekly_mail``, ``three_signals``, ``risk_model``, ``uplift_model``, ``oracle``.
    """
    begins = present(shop_truth)
    plans: list[Any] = [NOTHING, weekly_mail(), three_signals(), risk_plan(begins), uplift_plan(begins, parameters)]
    plans.append(oracle(begins, days=days, seed=seed, parameters=parameters, fates=fates))
    return {plan.name: plan for plan in plans}
