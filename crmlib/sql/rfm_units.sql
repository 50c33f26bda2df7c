-- Scores with each customer's units bought, for quantity per order.
select scores.*, units.units
from {scores} as scores
left join (
  select customer_id, cast(sum(quantity) as double) as units
  from {lines}
  where order_ts < :until
  group by customer_id
) as units on units.customer_id = scores.customer_id
