"""Figures in one house style. Each function draws one figure and returns its axes; the title is the caller's finding.

A family of figures is a module of this package, and all of them are shown here: ``from crmlib import plots``, then
``plots.rf_map(...)``. What a figure needs of an analysis it imports when it is drawn, so that this import stays quick.
"""

from __future__ import annotations

from crmlib.plots.churn import (
    calibration_lines,
    cohort_map,
    gain_lines,
    gap_curve,
    profit_lines,
    signal_dots,
    survival_steps,
    targeting_lines,
    uplift_lines,
)
from crmlib.plots.clv import (
    alive_curve,
    alive_history,
    alive_map,
    difference_dots,
    error_dots,
    frequency_bars,
    frequency_fit,
    holdout_lines,
    purchases_map,
    tracking,
)
from crmlib.plots.experiments import (
    action_dots,
    arm_dots,
    peeking_lines,
    power_curve,
    profit_waterfall,
    uplift_dots,
)
from crmlib.plots.future import contact_weeks, group_bars, leaderboard, profit_steps
from crmlib.plots.intake import agreement_dots, count_bars, coverage_dots
from crmlib.plots.intervals import interval_dots
from crmlib.plots.journey import (
    funnel_bars,
    held_bars,
    queue_calendar,
    sequence_line,
    transition_map,
    type_bars,
)
from crmlib.plots.kpis import growth_bars, kpi_panels
from crmlib.plots.orders import month_bars, share_bar, tier_bars, value_curve
from crmlib.plots.personas import affinity_map, card_bars, choice_lines, stage_bars, truth_map
from crmlib.plots.rfm import migration_map, rf_map, score_bars, segment_bars
from crmlib.plots.style import BLUE, COLOURS, GREEN, GREY, ORANGE, PINK, SKY, VERMILION, literal, use_style
from crmlib.plots.surveys import (
    chance_bars,
    control_chart,
    driver_dots,
    mark_bars,
    sample_lines,
    term_bars,
    tilt_curve,
)

__all__ = [
    "BLUE",
    "COLOURS",
    "GREEN",
    "GREY",
    "ORANGE",
    "PINK",
    "SKY",
    "VERMILION",
    "action_dots",
    "affinity_map",
    "agreement_dots",
    "alive_curve",
    "alive_history",
    "alive_map",
    "arm_dots",
    "calibration_lines",
    "card_bars",
    "chance_bars",
    "choice_lines",
    "cohort_map",
    "contact_weeks",
    "control_chart",
    "count_bars",
    "coverage_dots",
    "difference_dots",
    "driver_dots",
    "error_dots",
    "frequency_bars",
    "frequency_fit",
    "funnel_bars",
    "gain_lines",
    "gap_curve",
    "group_bars",
    "growth_bars",
    "held_bars",
    "holdout_lines",
    "interval_dots",
    "kpi_panels",
    "leaderboard",
    "literal",
    "mark_bars",
    "migration_map",
    "month_bars",
    "peeking_lines",
    "power_curve",
    "profit_lines",
    "profit_steps",
    "profit_waterfall",
    "purchases_map",
    "queue_calendar",
    "rf_map",
    "sample_lines",
    "score_bars",
    "segment_bars",
    "sequence_line",
    "share_bar",
    "signal_dots",
    "stage_bars",
    "survival_steps",
    "targeting_lines",
    "term_bars",
    "tier_bars",
    "tilt_curve",
    "tracking",
    "transition_map",
    "truth_map",
    "type_bars",
    "uplift_dots",
    "uplift_lines",
    "use_style",
    "value_curve",
]
