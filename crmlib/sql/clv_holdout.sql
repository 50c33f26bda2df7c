-- The summary at the end of the calibration, beside what each customer did afterwards. Only customers who had bought by
-- then appear. frequency_last_period counts the purchases of the last stretch of the calibration that is as long as
-- the holdout: what "the same again" would predict.
with purchases as (
  select
    customer_id,
    cast(floor((day_index(order_ts) + 3) / :period_days) as int) as period,
    cast(order_ts >= :calibration_until as int) as later,
    cast(sum(cast(amount as decimal(18, 4))) as decimal(18, 4)) as amount
  from {orders}
  where order_ts < :until
  group by
    customer_id,
    cast(floor((day_index(order_ts) + 3) / :period_days) as int),
    cast(order_ts >= :calibration_until as int)
),
ends as (
  select
    cast(floor((day_index(:calibration_end) + 3) / :period_days) as int) as calibration_end,
    cast(floor((day_index(:observation_end) + 3) / :period_days) as int) as observation_end
),
customers as (
  select
    customer_id,
    count(*) filter (where later = 0) as bought,
    min(period) as first_period,
    max(period) filter (where later = 0) as last_period,
    sum(amount) filter (where later = 0) as spend,
    min_by(amount, period) filter (where later = 0) as first_amount,
    count(*) filter (where later = 1) as bought_later,
    sum(amount) filter (where later = 1) as spend_later,
    count(*) filter (where later = 0 and period > 2 * calibration_end - observation_end) as bought_last
  from purchases cross join ends
  group by customer_id
)
select
  customer_id,
  cast(bought - 1 as double) as frequency_cal,
  cast(last_period - first_period as double) as recency_cal,
  cast(calibration_end - first_period as double) as T_cal,
  case when bought = 1 then 0.0 else cast(spend - first_amount as double) / (bought - 1) end as monetary_value_cal,
  cast(bought_later as double) as frequency_holdout,
  case when bought_later = 0 then 0.0 else cast(spend_later as double) / bought_later end as monetary_value_holdout,
  coalesce(cast(spend_later as double), 0.0) as spend_holdout,
  cast(observation_end - calibration_end as double) as duration_holdout,
  cast(bought_last as double) as frequency_last_period
from customers cross join ends
where bought > 0
