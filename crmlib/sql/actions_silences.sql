-- When each silence became long enough: the start of the first day with its `needed` days or more since the last event, if
-- the next one was later than that. Microseconds since 1970; a silence that goes on may become so after the last day known.
with days as (
  select customer_id, day_index(ts) as day, max(needed) as needed
  from {events}
  where ts < :until and customer_id is not null
  group by customer_id, day_index(ts)
),
gaps as (
  select customer_id, day, needed, lead(day) over (partition by customer_id order by day) as next_day
  from days
)
select
  customer_id,
  (cast(day as bigint) + cast(needed as bigint)) * 86400000000 as us,
  cast(day as bigint) * 86400000000 as since_us
from gaps
where next_day is null or next_day > day + needed
