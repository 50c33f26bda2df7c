-- Revenue and orders from :after (inclusive) to :until (exclusive), with what the interval of their ratio needs: orders
-- of one customer are alike, so customers are the units.
-- Squares need one place more than money has, or DuckDB multiplies in 64 bits.
select
  count(*) as customers,
  cast(coalesce(sum(orders), 0) as bigint) as orders,
  cast(coalesce(sum(amount), 0) as double) as total,
  cast(coalesce(sum(cast(cast(amount as decimal(19, 4)) * amount as decimal(38, 4))), 0) as double) as total_squares,
  cast(coalesce(sum(orders * orders), 0) as double) as order_squares,
  cast(coalesce(sum(cast(amount * orders as decimal(38, 4))), 0) as double) as products
from (
  select
    customer_id,
    count(*) as orders,
    cast(sum(cast(amount as decimal(18, 4))) as decimal(18, 4)) as amount
  from {orders}
  where order_ts >= :after and order_ts < :until
  group by customer_id
) as spending
