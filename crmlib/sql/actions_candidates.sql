-- All moments of those customers who have one in a period: the earlier ones say whether it is too soon to enter again.
select moments.customer_id, moments.us, max(moments.since_us) as since_us
from {moments} as moments
join (
  select distinct customer_id
  from {moments}
  where us >= :from_us and us < :to_us
) as chosen on chosen.customer_id = moments.customer_id
where moments.us < :to_us
group by moments.customer_id, moments.us
