-- When each person was first sent each campaign that carries a code, by the end of the day.
select
  events.campaign_id,
  events.customer_id,
  min(events.event_ts) as sent_ts
from {events} as events
join {campaigns} as campaigns on campaigns.campaign_id = events.campaign_id
where events.event = 'sent' and events.customer_id is not null and events.event_ts < :until
  and campaigns.coupon_code is not null
group by events.campaign_id, events.customer_id
