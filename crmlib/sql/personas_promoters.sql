-- Each customer's latest answer to "how likely are you to recommend us?" up to a day (inclusive);
-- of several at that moment the lowest.
select customer_id, min(case when answered_ts = latest then score end) as score
from (
  select customer_id, score, answered_ts, max(answered_ts) over (partition by customer_id) as latest
  from {surveys}
  where kind = 'nps' and score is not null and answered_ts < :until
) as answered
group by customer_id
