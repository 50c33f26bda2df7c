-- Surveys of one kind (nps, csat) that were sent up to a day (inclusive).
select *
from {surveys}
where kind = :kind and sent_ts < :until
