-- Customers with an order from :after (inclusive) to :until (exclusive); those with two or more of them; those with one
-- of them and any other before.
select
  cast(count(*) as bigint) as customers,
  cast(coalesce(sum(case when in_window > 1 then 1 else 0 end), 0) as bigint) as more_than_one,
  cast(coalesce(sum(case when ever > 1 then 1 else 0 end), 0) as bigint) as ever_before
from (
  select customer_id, count(*) as ever, sum(case when order_ts >= :after then 1 else 0 end) as in_window
  from {orders}
  where order_ts < :until
  group by customer_id
) as counted
where in_window > 0
