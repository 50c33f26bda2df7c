-- Frequency, recency, T and monetary value of each customer, as lifetimes defines them, counted in periods of
-- :period_days days (1, or 7 for weeks from Monday to Sunday). Orders of one period are one purchase.
with purchases as (
  select
    customer_id,
    cast(floor((day_index(order_ts) + 3) / :period_days) as int) as period,
    sum(cast(amount as decimal(18, 4))) as amount
  from {orders}
  where order_ts < :until
  group by customer_id, cast(floor((day_index(order_ts) + 3) / :period_days) as int)
)
select
  customer_id,
  cast(count(*) - 1 as double) as frequency,
  cast(max(period) - min(period) as double) as recency,
  cast(floor((day_index(:as_of) + 3) / :period_days) - min(period) as double) as T,
  case
    when count(*) = 1 then 0.0
    else cast(sum(amount) - min_by(amount, period) as double) / (count(*) - 1)
  end as monetary_value,
  case when :period_days = 7 then 'W' else 'D' end as period
from purchases
group by customer_id
