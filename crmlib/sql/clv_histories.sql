-- The unique rows of a model of purchases, straight from the orders: customers with the same frequency, recency and T
-- (as in clv_summary) are one row with a weight. No amount is read, and no row per customer is kept.
with purchases as (
  select distinct customer_id, cast(floor((day_index(order_ts) + 3) / :period_days) as int) as period
  from {orders}
  where order_ts < :until
),
customers as (
  select
    cast(count(*) - 1 as double) as frequency,
    cast(max(period) - min(period) as double) as recency,
    cast(floor((day_index(:as_of) + 3) / :period_days) - min(period) as double) as T
  from purchases
  group by customer_id
)
select
  frequency, recency, T, cast(count(*) as double) as weights, case when :period_days = 7 then 'W' else 'D' end as period
from customers
group by frequency, recency, T
