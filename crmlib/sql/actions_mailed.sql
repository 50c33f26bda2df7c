-- Mails that these people were sent in a period.
select events.customer_id, epoch_microseconds(events.event_ts) as us
from {events} as events
join {people} as people on people.customer_id = events.customer_id
where events.event = 'sent' and events.event_ts >= :since and events.event_ts < :until
