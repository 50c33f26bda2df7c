-- Returns that stand as orders of their own fall on the customer's latest order before them. What exceeds that order
-- stays a negative amount here; open_shop counts it.
with ranked as (
  select
    customer_id,
    order_id,
    order_ts,
    amount,
    gave_back,
    -- at one instant the purchase comes before its return
    row_number() over (partition by customer_id order by order_ts, case when amount < 0 then 1 else 0 end, order_id)
      as place
  from {totals}
),
placed as (
  select
    *,
    max(case when amount >= 0 then place end)
      over (partition by customer_id order by place rows between unbounded preceding and current row) as onto
  from ranked
)
select
  customer_id,
  min_by(order_id, place) as order_id,
  min(order_ts) as order_ts,
  sum(amount) as amount,
  max(gave_back) as gave_back,
  cast(sum(case when amount < 0 and onto is not null then 1 else 0 end) as bigint) as returns_placed,
  cast(sum(case when amount < 0 and onto is null then 1 else 0 end) as bigint) as returns_unplaced
from placed
group by customer_id, onto
