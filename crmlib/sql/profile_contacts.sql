-- The last mail that each customer was sent up to a day (inclusive).
select
  customer_id,
  max(event_ts) as last_contact,
  cast(day_index(:as_of) - day_index(max(event_ts)) as bigint) as days_since_contact
from {events}
where event = 'sent' and event_ts < :until and customer_id is not null
group by customer_id
