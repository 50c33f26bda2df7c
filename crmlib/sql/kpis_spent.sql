-- What customers have spent up to :until (exclusive): how many, the sum, and the sum of squares for an interval.
select
  count(*) as customers,
  cast(sum(spent) as double) as total,
  cast(sum(cast(spent * spent as decimal(38, 4))) as double) as squares
from (
  select customer_id, cast(sum(cast(amount as decimal(18, 4))) as decimal(18, 4)) as spent
  from {orders}
  where order_ts < :until
  group by customer_id
) as spending
