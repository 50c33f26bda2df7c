-- Visits of each customer to the site up to a day (inclusive).
select customer_id, count(*) as visits
from {sessions}
where start_ts < :until and customer_id is not null
group by customer_id
