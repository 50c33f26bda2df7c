-- Customers of one history as one row, with the mean of what they spend at a time. Expected spend is linear in that mean
-- where frequency is fixed, so nothing is lost.
select
  frequency, recency, T,
  count(*) as customers,
  cast(sum(cast(monetary_value as decimal(18, 4))) as double) / count(*) as monetary_value
from {summary}
group by frequency, recency, T
