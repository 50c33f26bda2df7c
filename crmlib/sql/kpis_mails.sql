-- One row a campaign's mail to a person, sent after the day :first and before :until: what became of it within
-- :response_days days, its own day included. However often somebody opens or clicks, it counts once.
with sent as (
  select campaign_id, customer_id, min(event_ts) as sent_ts
  from {events}
  where event = 'sent' and event_ts < :until and customer_id is not null
  group by campaign_id, customer_id
  having day_index(min(event_ts)) > day_index(:first)
)
select
  sent.campaign_id,
  sent.customer_id,
  sent.sent_ts,
  max(case when events.event = 'bounce' then 1 else 0 end) as bounced,
  max(case when events.event in ('open', 'glance') or (events.event = 'click' and :click_is_open = 1) then 1 else 0 end)
    as opened,
  max(case when events.event = 'click' then 1 else 0 end) as clicked,
  max(case when events.event = 'unsubscribe' then 1 else 0 end) as unsubscribed,
  min(case when events.event = :read_event then events.event_ts end) as read_ts
from sent
join {events} as events
  on events.campaign_id = sent.campaign_id
  and events.customer_id = sent.customer_id
  and events.event_ts >= sent.sent_ts
  and events.event_ts < :until
  and day_index(events.event_ts) < day_index(sent.sent_ts) + :response_days
group by sent.campaign_id, sent.customer_id, sent.sent_ts
