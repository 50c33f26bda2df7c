-- Customers whose first order ever falls from :after (inclusive) to :until (exclusive), and when it was.
select customer_id, min(order_ts) as first_ts
from {orders}
where order_ts < :until
group by customer_id
having min(order_ts) >= :after
