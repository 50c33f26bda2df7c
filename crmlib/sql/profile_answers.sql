-- The latest answer of each customer up to a day (inclusive); of several at one moment the lowest.
with scored as (
  select customer_id, score, answered_ts, max(answered_ts) over (partition by customer_id) as latest
  from {answers}
  where answered_ts < :until and score is not null and customer_id is not null
)
select
  customer_id,
  cast(min(case when answered_ts = latest then score end) as double) as score,
  cast(day_index(:as_of) - day_index(max(answered_ts)) as bigint) as days_since_score
from scored
group by customer_id
