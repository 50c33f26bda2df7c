-- The orders of :customers customers, chosen by a hash of their ids: as good as drawn by lot, and the same ones each time.
select orders.customer_id, orders.order_id, orders.order_ts, orders.amount
from {orders} as orders
join (
  select customer_id
  from (select distinct customer_id from {orders}) as everyone
  order by md5(customer_id), customer_id
  limit :customers
) as chosen on chosen.customer_id = orders.customer_id
