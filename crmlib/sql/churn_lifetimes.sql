-- How long each customer stayed, up to a day (inclusive): from the first order to the moment when a silence first
-- reached :silence days (left_us = 1), or to the day itself while none had (left_us = 0).
with days as (
  select
    customer_id,
    day_index(order_ts) as day,
    sum(cast(amount as decimal(18, 4))) as amount
  from {orders}
  where order_ts < :until
  group by customer_id, day_index(order_ts)
),
gaps as (
  select
    customer_id,
    day,
    amount,
    coalesce(lead(day) over (partition by customer_id order by day), day_index(:as_of)) - day as gap
  from days
)
select
  customer_id,
  cast(min(day) as int) as first_day,
  cast(min_by(amount, day) as double) as first_amount,
  cast(
    coalesce(min(case when gap >= :silence then day + :silence end), day_index(:as_of)) - min(day) as double
  ) as days,
  max(case when gap >= :silence then 1 else 0 end) as left_us
from gaps
group by customer_id
