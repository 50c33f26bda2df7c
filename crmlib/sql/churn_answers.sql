-- Each customer's latest answer up to a day (inclusive); of several at that moment the lowest.
select
  customer_id,
  cast(min(case when answered_ts = latest then score end) as double) as score,
  cast(count(*) as double) as answers
from (
  select customer_id, score, answered_ts, max(answered_ts) over (partition by customer_id) as latest
  from {answers}
  where answered_ts < :until and score is not null and customer_id is not null
) as answered
group by customer_id
