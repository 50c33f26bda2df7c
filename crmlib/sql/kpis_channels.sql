-- How many of some customers came through which channel; an empty channel: nobody knows.
select customers.channel, count(*) as customers
from {first_orders} as first_orders
left join {customers} as customers on customers.customer_id = first_orders.customer_id
group by customers.channel
