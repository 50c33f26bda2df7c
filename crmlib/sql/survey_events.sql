-- For each survey: events of its customer (logins, orders, requests) before it was sent, and in the days after it, up to
-- a day (inclusive).
select
  surveys.survey_id,
  count(case when events.event_ts <= surveys.sent_ts then 1 end) as n_before,
  count(
    case
      when events.event_ts > surveys.sent_ts and day_index(events.event_ts) - day_index(surveys.sent_ts) <= :days then 1
    end
  ) as n_after
from {surveys} as surveys
join {events} as events on events.customer_id = surveys.customer_id
where events.event_ts < :until
group by surveys.survey_id
