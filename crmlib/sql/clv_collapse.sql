-- Customers with the same frequency, recency and T are one row with a weight: all that a model of purchases sees.
select frequency, recency, T, cast(count(*) as double) as weights
from {summary}
group by frequency, recency, T
