-- Mails that each customer was sent up to a day (inclusive), of late, and what became of them.
select
  customer_id,
  cast(sum(case when event = 'sent' then 1 else 0 end) as double) as recent_mails,
  cast(sum(case when event = 'open' then 1 else 0 end) as double) as recent_opens,
  cast(sum(case when event = 'click' then 1 else 0 end) as double) as recent_clicks
from {events}
where event_ts < :until and day_index(event_ts) > day_index(:as_of) - :recent_days and customer_id is not null
group by customer_id
