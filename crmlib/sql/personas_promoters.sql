-- Each customer's latest answer to "how likely are you to recommend us?" up to a day (inclusive).
select customer_id, max_by(score, answered_ts) as score
from {surveys}
where kind = 'nps' and score is not null and answered_ts < :until
group by customer_id
