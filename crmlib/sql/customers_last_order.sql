-- How long ago each of these people last bought, by a day's knowledge.
with bought as (
  select customer_id, day_index(:as_of) - day_index(max(order_ts)) as days_since_order
  from {orders}
  where order_ts < :until
  group by customer_id
)
select people.customer_id, cast(bought.days_since_order as double) as days_since_order
from {people} as people
left join bought on bought.customer_id = people.customer_id
