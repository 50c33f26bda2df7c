-- One purchase of a customer's orders of one day: the least id, the first time, the sum of their amounts.
select
  customer_id,
  min(order_id) as order_id,
  min(order_ts) as order_ts,
  sum(amount) as amount
from {orders}
group by customer_id, day_index(order_ts)
