-- For each period: how many customers came (first purchase), and how many repeat purchases there were, among the
-- customers who had come by the end of the calibration.
with purchases as (
  select distinct customer_id, cast(floor((day_index(order_ts) + 3) / :period_days) as int) as period
  from {orders}
  where order_ts < :until
),
placed as (
  select customer_id, period, min(period) over (partition by customer_id) as first_period
  from purchases
)
select
  period,
  sum(case when period = first_period then 1 else 0 end) as newcomers,
  sum(case when period > first_period then 1 else 0 end) as repeats
from placed
where first_period <= floor((day_index(:calibration_end) + 3) / :period_days)
group by period
