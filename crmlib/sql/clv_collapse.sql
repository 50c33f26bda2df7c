-- Customers who look alike to a model of purchase counts, as one row with a weight.
select frequency, recency, T, count(*) as weights
from {summary}
group by frequency, recency, T
