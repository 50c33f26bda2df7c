-- Mails by campaign sent after the day :sent_after and up to the day :sent_until, and what became of them.
select
  campaign_id,
  min(sent_ts) as sent_ts,
  count(*) as sent,
  cast(sum(1 - bounced) as bigint) as delivered,
  cast(sum((1 - bounced) * opened) as bigint) as opened,
  cast(sum((1 - bounced) * clicked) as bigint) as clicked,
  cast(sum(case when bounced = 0 and read_ts is not null then 1 else 0 end) as bigint) as read,
  cast(sum((1 - bounced) * unsubscribed) as bigint) as unsubscribed
from {mails}
where day_index(sent_ts) > day_index(:sent_after)
  and day_index(sent_ts) <= day_index(:sent_until)
group by campaign_id
