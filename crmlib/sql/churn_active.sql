-- For each period of a calendar (number, first day, last day): customers active at its start and at its end. A customer
-- is active on a day who ordered within :active_days days up to it. Each order is active for a stretch of days, so it
-- meets few ends of periods.
with days as (
  select distinct customer_id, day_index(order_ts) as day
  from {orders}
  where order_ts < :until
),
firsts as (
  select customer_id, min(day) as first_day
  from days
  group by customer_id
),
active as (
  select distinct days.customer_id, ends.number
  from days
  join {ends} as ends on ends.day >= days.day and ends.day < days.day + :active_days
)
select
  number,
  cast(sum(at_end) as bigint) as active,
  cast(sum(at_end * at_start) as bigint) as kept,
  cast(sum(at_end * (1 - at_start) * came) as bigint) as newcomers,
  cast(sum(at_end * (1 - at_start) * (1 - came)) as bigint) as returned
from (
  select
    ending.number,
    1 as at_end,
    case when beginning.customer_id is null then 0 else 1 end as at_start,
    case when firsts.first_day > starts.day then 1 else 0 end as came
  from active as ending
  join firsts on firsts.customer_id = ending.customer_id
  join {ends} as starts on starts.number = ending.number - 1
  left join active as beginning on beginning.customer_id = ending.customer_id and beginning.number = ending.number - 1
) as compared
group by number
