-- What each customer bought after a day, up to another (inclusive).
select
  customer_id,
  cast(count(*) as double) as orders_ahead,
  cast(sum(cast(amount as decimal(18, 4))) as double) as spend_ahead
from {orders}
where order_ts >= :after and order_ts < :until
group by customer_id
