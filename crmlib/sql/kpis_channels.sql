-- How many of some customers came through which channel.
select coalesce(customers.channel, '(unknown)') as channel, count(*) as customers
from {first_orders} as first_orders
left join {customers} as customers on customers.customer_id = first_orders.customer_id
group by coalesce(customers.channel, '(unknown)')
