-- Units bought by the customers of each segment, for quantity per order.
select scores.segment, cast(sum(bought.units) as double) as units
from {scores} as scores
join (
  select customer_id, cast(sum(quantity) as double) as units
  from {lines}
  where order_ts < :until
  group by customer_id
) as bought on bought.customer_id = scores.customer_id
group by scores.segment
