"""The house style: Okabe and Ito's colours, which colour-blind people can tell apart, sizes, fonts, a light grid."""

from __future__ import annotations

import seaborn as sns

__all__ = ["BLUE", "COLOURS", "GREEN", "GREY", "ORANGE", "PINK", "SKY", "VERMILION", "literal", "use_style"]

BLUE, ORANGE, GREEN, PINK, SKY, VERMILION = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
GREY = "#8a8f98"
COLOURS = (BLUE, ORANGE, GREEN, PINK, VERMILION, SKY)


def use_style() -> None:
    """Set the house style for all figures of this session: sizes, fonts, colours, light grid."""
    sns.set_theme(
        context="notebook",
        style="whitegrid",
        palette=list(COLOURS),
        rc={
            "figure.figsize": (8.0, 4.5),
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "axes.titlesize": 12.5,
            "axes.titlepad": 12,
            "axes.labelsize": 10.5,
            "axes.edgecolor": "#c3c7cd",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "grid.color": "#e6e8eb",
            "xtick.labelsize": 9.5,
            "ytick.labelsize": 9.5,
            "legend.frameon": False,
            "svg.hashsalt": "crmlib",
        },
    )


def literal(text: str) -> str:
    r"""Return a text of the user's own as a figure shows it: between two dollars matplotlib would set a formula.

    Parameters
    ----------
    text
        Such as a segment's name.

    Examples
    --------
    >>> print(literal("5$ to 10$"))
    5\$ to 10\$
    """
    return text.replace("$", r"\$")
