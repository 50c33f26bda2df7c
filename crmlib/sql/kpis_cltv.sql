-- Customers of one history as one row, with the mean of what they spend at a time. Expected spend is linear in that mean
-- where frequency is fixed, so nothing is lost. Money is added up whole: a mean may lie halfway between two decimals.
select
  frequency, recency, T,
  count(*) as customers,
  case
    when frequency = 0 then 0.0
    else cast(sum(cast(monetary_value * frequency as decimal(18, 4))) as double) / (count(*) * frequency)
  end as monetary_value
from {summary}
group by frequency, recency, T
