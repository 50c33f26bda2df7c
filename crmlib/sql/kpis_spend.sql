-- Marketing spend between two days (inclusive) by channel. A month's spend is spread evenly over its days; those of one
-- length are added up before the division, so that sums stay exact.
with months as (
  select
    channel,
    cast(amount as decimal(18, 4)) as amount,
    cast(extract(day from last_day(cast(month as date))) as int) as days,
    greatest(
      0,
      least(day_index(last_day(cast(month as date))), day_index(:last))
        - greatest(day_index(month), day_index(:first)) + 1
    ) as counted
  from {spend}
)
select channel, sum(of_length) as spend
from (
  select channel, cast(sum(amount * counted) as double) / days as of_length
  from months
  where counted > 0
  group by channel, days
) as by_length
group by channel
