-- What each customer's first day brought, and what came within :days days of it, as of a day (inclusive).
with placed as (
  select
    customer_id,
    day_index(order_ts) as day,
    min(day_index(order_ts)) over (partition by customer_id) as first_day,
    cast(amount as decimal(18, 4)) as amount
  from {orders}
  where order_ts < :until
)
select
  customer_id,
  cast(sum(case when day = first_day then amount else 0 end) as double) as first_amount,
  cast(sum(case when day - first_day <= :days then amount else 0 end) as double) as early_amount
from placed
group by customer_id
