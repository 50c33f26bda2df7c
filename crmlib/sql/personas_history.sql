-- Orders and spend of each customer up to a day (inclusive), and the first order.
select
  customer_id,
  count(*) as orders,
  cast(sum(cast(amount as decimal(18, 4))) as double) as spend,
  min(order_ts) as first_ts
from {orders}
where order_ts < :until
group by customer_id
