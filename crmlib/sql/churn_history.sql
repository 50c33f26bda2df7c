-- What a customer's orders say up to a day (inclusive): silence, pace, spend. Only who ordered within :active_days days.
with days as (
  select
    customer_id,
    day_index(order_ts) as day,
    count(*) as orders,
    sum(cast(amount as decimal(18, 4))) as amount
  from {orders}
  where order_ts < :until
  group by customer_id, day_index(order_ts)
),
bought as (
  select
    customer_id,
    min(day) as first_day,
    max(day) as last_day,
    count(*) as purchase_days,
    sum(orders) as orders,
    sum(amount) as spend,
    max_by(amount, day) as last_amount,
    sum(case when day > day_index(:as_of) - :recent_days then orders else 0 end) as recent_orders,
    sum(case when day > day_index(:as_of) - :recent_days then amount else 0 end) as recent_spend
  from days
  group by customer_id
)
select
  customer_id,
  cast(day_index(:as_of) - last_day as double) as days_since_order,
  cast(day_index(:as_of) - first_day as double) as days_since_first_order,
  cast(orders as double) as orders,
  case when purchase_days > 1 then cast(last_day - first_day as double) / (purchase_days - 1) end as mean_gap_days,
  cast(spend as double) / orders as mean_order_value,
  cast(last_amount as double) as last_order_value,
  cast(recent_orders as double) as recent_orders,
  cast(recent_spend as double) as recent_spend
from bought
where last_day > day_index(:as_of) - :active_days
