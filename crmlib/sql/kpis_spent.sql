-- What customers have spent up to :until (exclusive): how many, the sum, and the sum of squares for an interval.
-- Squares need one place more than money has, or DuckDB multiplies in 64 bits.
select
  count(*) as customers,
  cast(sum(spent) as double) as total,
  cast(sum(cast(cast(spent as decimal(19, 4)) * spent as decimal(38, 4))) as double) as squares
from (
  select customer_id, cast(sum(cast(amount as decimal(18, 4))) as decimal(18, 4)) as spent
  from {orders}
  where order_ts < :until
  group by customer_id
) as spending
