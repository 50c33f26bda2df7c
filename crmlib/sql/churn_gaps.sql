-- Days between one visit and the next, for each customer and item; visits of one day are one.
with days as (
  select distinct customer_id, item, day_index(ts) as day
  from {events}
  where ts < :until and customer_id is not null
),
gaps as (
  select customer_id, item, day - lag(day) over (partition by customer_id, item order by day) as gap
  from days
)
select customer_id, item, gap
from gaps
where gap is not null
