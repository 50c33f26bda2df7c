-- Customers with the same frequency, recency and T are one row with a weight: all that a model of purchases needs.
select frequency, recency, T, cast(sum({weight}) as double) as weights
from {summary}
group by frequency, recency, T
