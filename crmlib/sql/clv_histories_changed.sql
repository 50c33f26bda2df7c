-- What the orders after the end of day :since change in the unique rows of that day, to make them those of :as_of:
-- the customers who bought meanwhile leave the row where they stood, and join the one where they stand.
-- Everybody else grows older by as many periods, which {rows} is told here.
with changed as (
  select distinct customer_id
  from {orders}
  where order_ts >= :since_until and order_ts < :until
),
purchases as (
  select
    orders.customer_id,
    cast(floor((day_index(order_ts) + 3) / :period_days) as int) as period,
    max(case when order_ts < :since_until then 1 else 0 end) as known
  from {orders} as orders
  join changed on changed.customer_id = orders.customer_id
  where order_ts < :until
  group by orders.customer_id, cast(floor((day_index(order_ts) + 3) / :period_days) as int)
),
customers as (
  select
    sum(known) as bought_before,
    max(case when known = 1 then period end) as last_before,
    count(*) as bought,
    min(period) as first_period,
    max(period) as last_period
  from purchases
  group by customer_id
),
ends as (
  select
    cast(floor((day_index(:as_of) + 3) / :period_days) as int) as at_end,
    cast(floor((day_index(:as_of) + 3) / :period_days) as int)
      - cast(floor((day_index(:since) + 3) / :period_days) as int) as older
),
moves as (
  select frequency, recency, T + older as T, weights
  from {rows} cross join ends
  union all
  select
    cast(bought - 1 as double),
    cast(last_period - first_period as double),
    cast(at_end - first_period as double),
    cast(1 as double)
  from customers cross join ends
  union all
  select
    cast(bought_before - 1 as double),
    cast(last_before - first_period as double),
    cast(at_end - first_period as double),
    cast(-1 as double)
  from customers cross join ends
  where bought_before > 0
)
select frequency, recency, T, sum(weights) as weights
from moves
group by frequency, recency, T
having sum(weights) <> 0
