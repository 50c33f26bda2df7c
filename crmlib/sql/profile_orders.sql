-- What the orders say of each customer up to a day (inclusive), in one pass: count, money, pace, and the history that
-- models of purchases read (purchases are days with an order, as in clv_summary). Columns named *_then stop at the end
-- of day :cut; days_ahead counts the purchase days after it.
with days as (
  select
    customer_id,
    day_index(order_ts) as day,
    count(*) as orders,
    sum(cast(amount as decimal(18, 4))) as amount,
    min(order_ts) as first_ts,
    max(order_ts) as last_ts
  from {orders}
  where order_ts < :until and customer_id is not null
  group by customer_id, day_index(order_ts)
)
select
  customer_id,
  cast(sum(orders) as bigint) as orders,
  cast(sum(amount) as double) as spend,
  cast(sum(amount) as double) / sum(orders) as mean_order_value,
  cast(max_by(amount, day) as double) as last_order_value,
  min(first_ts) as first_order,
  max(last_ts) as last_order,
  cast(day_index(:as_of) - max(day) as bigint) as days_since_order,
  cast(day_index(:as_of) - min(day) as bigint) as days_since_first_order,
  case when count(*) > 1 then cast(max(day) - min(day) as double) / (count(*) - 1) end as mean_gap_days,
  cast(count(*) - 1 as double) as frequency,
  cast(max(day) - min(day) as double) as recency,
  cast(day_index(:as_of) - min(day) as double) as age,
  case
    when count(*) = 1 then 0.0
    else cast(sum(amount) - min_by(amount, day) as double) / (count(*) - 1)
  end as monetary_value,
  cast(sum(case when day <= day_index(:cut) then 1 else 0 end) - 1 as double) as frequency_then,
  cast(max(case when day <= day_index(:cut) then day end) - min(day) as double) as recency_then,
  cast(day_index(:cut) - min(day) as double) as age_then,
  cast(sum(case when day > day_index(:cut) then 1 else 0 end) as double) as days_ahead
from days
group by customer_id
