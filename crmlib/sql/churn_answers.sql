-- Each customer's latest answer up to a day (inclusive).
select customer_id, cast(max_by(score, answered_ts) as double) as last_score, cast(count(*) as double) as answers
from {answers}
where answered_ts < :until and score is not null and customer_id is not null
group by customer_id
