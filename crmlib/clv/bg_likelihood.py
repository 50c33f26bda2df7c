"""The likelihood of BG/NBD and MBG/NBD over unique rows, with gradient and Hessian.

Source: Fader, Hardie and Lee (2005), "Counting your customers the easy way", Marketing Science 24, 275-284; the form
that neither overflows nor underflows is that of http://brucehardie.com/notes/004/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import digamma, polygamma

from crmlib.clv.gammas import log_rise
from crmlib.clv.optimise import in_logs

if TYPE_CHECKING:
    from crmlib.arrays import Floats
    from crmlib.clv.fitting import Likelihood
    from crmlib.clv.unique_rows import Rows

__all__ = ["likelihood"]

BLOCK = 1 << 14
"""Rows are summed in blocks whose intermediate columns stay in the processor's cache."""


def likelihood(rows: Rows, shift: int) -> Likelihood:
    """Return the log-likelihood of unique rows as a function of (r, alpha, a, b), with derivatives by their logs.

    A row contributes, with c = b + x + shift - 1::

        log Γ(r+x)/Γ(r) + r log alpha + log B(a, b+x+shift)/B(a, b) - (r+x) log(alpha+T) + log(1 + exp δ)
        δ = log a - log c + (r+x) (log(alpha+T) - log(alpha+t_x))

    where the last term counts those who may have dropped out: repeat buyers only in BG/NBD. All but that term
    depend on x or T alone, and are summed over the distinct values of x and T.

    Parameters
    ----------
    rows
        Columns frequency (x), recency (t_x) and T.
    shift
        0 for BG/NBD, 1 for MBG/NBD: how many chances to drop out precede the first repeat purchase.
    """
    x, t_x, T, weights = rows.columns["frequency"], rows.columns["recency"], rows.columns["T"], rows.weights
    per_x = np.bincount(x.codes, weights, minlength=x.distinct.size).astype(float)
    used = np.flatnonzero(per_x)
    counts, per_x = x.distinct[used], per_x[used]
    place = np.zeros(x.distinct.size, dtype=np.int64)
    place[used] = np.arange(used.size)
    per_T = np.bincount(T.codes, weights, minlength=T.distinct.size)
    bought_per_T = np.bincount(T.codes, weights * x.distinct[x.codes], minlength=T.distinct.size)
    bought = float(bought_per_T.sum())

    mortal = np.flatnonzero(x.distinct[x.codes] + shift > 0)
    row_x, row_weights = place[x.codes[mortal]], weights[mortal]
    row_t, row_T = t_x.codes[mortal], T.codes[mortal]
    blocks = [slice(begin, begin + BLOCK) for begin in range(0, mortal.size, BLOCK)]

    def of(parameters: Floats) -> tuple[float, Floats, Floats]:
        r, alpha, a, b = parameters
        inverse_T, inverse_t = 1 / (alpha + T.distinct), 1 / (alpha + t_x.distinct)
        # logs relative to alpha, so that nothing cancels where alpha is large
        log_T, log_t = np.log1p(T.distinct / alpha), np.log1p(t_x.distinct / alpha)
        passed = T.distinct * inverse_T / alpha  # 1/alpha - 1/(alpha+T)

        value, gradient, hessian = _terms_of_x(r, a, b, counts, per_x, shift)

        # terms of T alone
        value -= float((r * per_T + bought_per_T) @ log_T) + bought * float(np.log(alpha))
        gradient[0] -= per_T @ log_T
        gradient[1] += r * (per_T @ passed) - bought_per_T @ inverse_T
        hessian[0, 1] += per_T @ passed
        hessian[1, 1] += bought_per_T @ inverse_T**2 - r * (per_T @ (passed * (1 / alpha + inverse_T)))

        # the chance to have dropped out, row by row
        chances = np.where(
            counts + shift > 0, b + counts + shift - 1, 1.0
        )  # 1 stands where nobody can have dropped out
        odds, inverse_c = np.log(a) - np.log(chances), 1 / chances
        rate = r + counts
        for block in blocks:
            i, w = row_x[block], row_weights[block]
            j, k = row_T[block], row_t[block]
            gap = log_T[j] - log_t[k]
            shrink = inverse_T[j] - inverse_t[k]
            n = rate[i]
            c = inverse_c[i]
            delta = odds[i] + n * gap
            small = np.exp(-np.abs(delta))
            value += float(np.einsum("i,i", w, np.maximum(delta, 0) + np.log1p(small)))
            gone = np.where(delta > 0, 1.0, small) / (1 + small)
            once = w * gone
            twice = once * (1 - gone)
            by_alpha = n * shrink
            slopes = (gap, by_alpha, np.full(gap.size, 1 / a), -c)
            for p, slope in enumerate(slopes):
                gradient[p] += np.einsum("i,i", once, slope)
                curved = twice * slope
                for q in range(p, 4):
                    hessian[p, q] += np.einsum("i,i", curved, slopes[q])
            hessian[0, 1] += np.einsum("i,i", once, shrink)
            hessian[1, 1] -= np.einsum("i,i,i", once, by_alpha, inverse_T[j] + inverse_t[k])
            hessian[2, 2] -= once.sum() / a**2
            hessian[3, 3] += np.einsum("i,i,i", once, c, c)
        return value, *in_logs(parameters, gradient, np.triu(hessian) + np.triu(hessian, 1).T)

    return of


def _terms_of_x(  # noqa: PLR0917
    r: float, a: float, b: float, x: Floats, weights: Floats, shift: int
) -> tuple[float, Floats, Floats]:
    """Return the sum of log Γ(r+x)/Γ(r) + log B(a, b+x+shift)/B(a, b), its gradient and Hessian."""
    gradient, hessian = np.zeros(4), np.zeros((4, 4))
    more = b + x + shift
    value = float(weights @ (log_rise(r, x) + log_rise(b, x + shift) - log_rise(a + b, x + shift)))
    gradient[0] = weights @ (digamma(r + x) - digamma(r))
    hessian[0, 0] = weights @ (polygamma(1, r + x) - polygamma(1, r))
    both, both_1 = digamma(a + b) - digamma(a + more), polygamma(1, a + b) - polygamma(1, a + more)
    gradient[2] = weights @ both
    gradient[3] = weights @ (both + digamma(more) - digamma(b))
    hessian[2, 2] = hessian[2, 3] = hessian[3, 2] = weights @ both_1
    hessian[3, 3] = weights @ (both_1 + polygamma(1, more) - polygamma(1, b))
    return value, gradient, hessian
