-- When each visit had stayed without an order for :wait_us microseconds after it. Microseconds since 1970.
with visits as (
  select customer_id, epoch_microseconds(start_ts) as start_us,
    epoch_microseconds(start_ts) + 1000000 * cast(coalesce(seconds, 0) as bigint) as end_us
  from {sessions}
  where start_ts < :until and customer_id is not null and not coalesce(ordered, false)
)
select distinct visits.customer_id, visits.end_us + :wait_us as us, visits.end_us as since_us
from visits
left join (
  select customer_id, epoch_microseconds(order_ts) as us
  from {orders}
  where order_ts < :until
) as bought
  on bought.customer_id = visits.customer_id and bought.us >= visits.start_us and bought.us <= visits.end_us + :wait_us
where bought.customer_id is null
