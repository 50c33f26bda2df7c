"""Plans to hold one's own against: from doing nothing to knowing everything.

The plans of a shop that learns (risk, uplift) use what is observable and the models of `crmlib.churn`; only the oracle
reads the truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd

from crmlib import churn
from crmlib.actions.plans import Plan, Targeting
from crmlib.actions.sequences import Offer, Sequence, Step, Trigger
from crmlib.actions.targets import observable
from crmlib.synth.future_compare import NOTHING
from crmlib.synth.future_parameters import FutureParameters
from crmlib.synth.future_present import present
from crmlib.synth.future_run import Run
from crmlib.synth.people import ANSWERS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from crmlib.actions.sequences import Channel, Event, OfferKind, Purpose
    from crmlib.shop import Shop
    from crmlib.synth.future_present import Present
    from crmlib.synth.shop import MakeResult

    Floats = NDArray[np.float64]

__all__ = ["oracle", "reference_plans", "risk_plan", "three_signals", "uplift_plan", "weekly_mail"]

_FATES = 12
_TERMS = 4  # dates from which the risk model learns
_HORIZON = 90
_PENALTY = 0.03  # less than the model's own: with the profile there are many small differences to learn
_EVER = 36_500  # days: nobody is too long silent
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


def oracle(
    begins: Present, *, days: int = 365, seed: int = 0, sizes: FutureParameters | None = None,
    budget: float | None = None, fates: int = _FATES,
) -> Plan:  # fmt: skip
    """Return the plan of one who knows the truth: for each customer the bundle of sequences that brings most.

    Every bundle is simulated for everyone in many futures; who gains by none, in expectation, is left alone. Under a
    budget those come first who bring most for the money. It is an upper bound for plans made of these sequences.

    Parameters
    ----------
    begins
        With its truth.
    days
        Length of the future.
    seed
        Of the futures in which it tries; apart from those of any comparison.
    sizes
        Sizes of the effects.
    budget
        As for `crmlib.actions.Plan`.
    fates
        How many futures of each customer it looks at.
    """
    sizes = sizes or FutureParameters()
    # Who has left, or never buys, is not won by anything.
    there = np.flatnonzero((begins.truth["alive"] & begins.truth["buyer"]).to_numpy(dtype=bool))
    tried = begins.repeated(there, fates)

    def expected(sequences: tuple[Sequence, ...]) -> tuple[Floats, Floats]:
        run = Run(tried, Plan(name="tried", sequences=sequences), sizes, days=days, seed=_OWN_FUTURES + seed)
        table = run.go(progress=False).customers
        profit, cost = table["expected_profit"].to_numpy(), (table["contact_cost"] + table["discounts"]).to_numpy()
        return profit.reshape(fates, -1).mean(axis=0), cost.reshape(fates, -1).mean(axis=0)

    still, _ = expected(())
    options = [(_apology(), *bundle) for bundle in ((), *_choices().values())]
    results = [expected(option) for option in options]
    gains = np.array([profit - still for profit, _ in results])
    costs = np.array([cost for _, cost in results])
    return _best(begins.seen.index[there], options, gains, costs, budget)


def _best(
    ids: pd.Index[str], options: list[tuple[Sequence, ...]], gains: Floats, costs: Floats, budget: float | None
) -> Plan:
    """Give each customer the best option, and the money to those who bring most for it."""
    best = gains.argmax(axis=0)
    rows = np.arange(gains.shape[1])
    gain, cost = gains[best, rows], costs[best, rows]
    ratio = gain / np.maximum(cost, 1e-3)
    chosen = gain > 0
    if budget is not None:
        order = np.argsort(np.where(chosen, -ratio, np.inf), kind="stable")
        within = np.cumsum(np.where(chosen, cost, 0.0)[order]) <= budget
        chosen[order] &= within
    members: dict[str, list[int]] = {}
    sequences: dict[str, Sequence] = {}
    for number, option in enumerate(options):
        for sequence in option:
            sequences[sequence.name] = sequence
            members.setdefault(sequence.name, []).extend(np.flatnonzero(chosen & (best == number)).tolist())
    score = pd.Series(ratio, index=ids).round(3)
    return Plan(
        name="oracle",
        sequences=tuple(sequences[name] for name in sequences if members[name]),
        scores={
            name: dict(zip(ids[sorted(rows)], score.iloc[sorted(rows)].tolist(), strict=True))
            for name, rows in members.items()
            if rows
        },
        targeting={name: Targeting(score=name) for name, rows in members.items() if rows},
        budget=budget,
    )


def reference_plans(
    shop_truth: MakeResult | Present | str | Path, *, days: int = 365, seed: int = 0,
    parameters: FutureParameters | None = None, fates: int = _FATES,
) -> dict[str, Plan]:  # fmt: skip
    """Return the plans to hold one's own against.

    Parameters
    ----------
    shop_truth, parameters
        As for `crmlib.synth.future`.
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
    plans.append(oracle(begins, days=days, seed=seed, sizes=parameters, fates=fates))
    return {plan.name: plan for plan in plans}
