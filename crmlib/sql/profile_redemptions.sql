-- How many orders of each customer redeemed a code, up to the day, and when the last one did. An order that was given
-- back whole counts: the code was used.
select
  customer_id,
  cast(count(distinct order_id) as bigint) as redemptions,
  max(order_ts) as last_redemption
from {codes}
where order_ts < :until
group by customer_id
