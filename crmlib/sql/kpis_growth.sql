-- What each kind of customer adds to the change of revenue from one period (from :before) to the next (from :after to
-- :until, exclusive). Each customer is of one kind, so the parts sum to the change.
-- Squares need one place more than money has, or DuckDB multiplies in 64 bits.
with spending as (
  select
    customer_id,
    min(order_ts) as first_ts,
    sum(case when order_ts >= :after then 1 else 0 end) as orders_now,
    sum(case when order_ts >= :before and order_ts < :after then 1 else 0 end) as orders_before,
    cast(sum(case when order_ts >= :after then cast(amount as decimal(18, 4)) else 0 end) as decimal(18, 4)) as now,
    cast(sum(case when order_ts >= :before and order_ts < :after then cast(amount as decimal(18, 4)) else 0 end)
      as decimal(18, 4)) as before
  from {orders}
  where order_ts < :until
  group by customer_id
),
kinds as (
  select
    case
      when first_ts >= :after then 'new'
      when orders_before = 0 then 'returning'
      when orders_now = 0 then 'lost'
      when now > before then 'up'
      else 'down'
    end as part,
    now,
    before,
    now - before as change
  from spending
  where orders_now + orders_before > 0
)
select
  part,
  count(*) as customers,
  cast(sum(before) as double) as before,
  cast(sum(now) as double) as now,
  cast(sum(change) as double) as change,
  cast(sum(cast(change as decimal(19, 4)) * cast(change as decimal(18, 4))) as double) as squares
from kinds
group by part
