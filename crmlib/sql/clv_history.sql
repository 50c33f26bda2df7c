-- What a model may know of each customer at the end of day :at, and what the customer did afterwards, up to :until.
-- Everything is counted in periods of :period_days days, as in clv_summary. Only the columns named *_ahead look past :at.
with purchases as (
  select
    customer_id,
    cast(floor((day_index(order_ts) + 3) / :period_days) as int) as period,
    cast(order_ts >= :at_until as int) as later,
    sum(cast(amount as decimal(18, 4))) as amount
  from {orders}
  where order_ts < :until
  group by
    customer_id,
    cast(floor((day_index(order_ts) + 3) / :period_days) as int),
    cast(order_ts >= :at_until as int)
),
placed as (
  select *, row_number() over (partition by customer_id, later order by period desc) as place
  from purchases
),
ends as (
  select
    cast(floor((day_index(:at) + 3) / :period_days) as int) as at_period,
    cast(floor((day_index(:end) + 3) / :period_days) as int) as end_period
),
customers as (
  select
    customer_id,
    sum(1 - later) as bought,
    min(period) as first_period,
    max(case when later = 0 and place = 1 then period end) as last_period,
    max(case when later = 0 and place = 2 then period end) as period_before,
    sum(case when later = 0 then amount else 0 end) as spend,
    min_by(amount, 2 * period + later) as first_amount,
    max(case when later = 0 and place = 1 then amount end) as last_amount,
    sum(case when later = 0 and period > at_period - :recent then 1 else 0 end) as bought_recently,
    sum(case when later = 0 and period > at_period - 2 * :recent then 1 else 0 end) as bought_lately,
    sum(later) as bought_later,
    sum(case when later = 1 then amount else 0 end) as spend_later
  from placed cross join ends
  group by customer_id
)
select
  customer_id,
  cast(bought - 1 as double) as frequency,
  cast(last_period - first_period as double) as recency,
  cast(at_period - first_period as double) as T,
  case when bought = 1 then 0.0 else cast(spend - first_amount as double) / (bought - 1) end as monetary_value,
  cast(at_period - last_period as double) as silence,
  cast(last_period - period_before as double) as last_gap,
  cast(bought_recently as double) as bought_recently,
  cast(bought_lately as double) as bought_lately,
  cast(spend as double) / bought as mean_spend,
  cast(last_amount as double) as last_spend,
  cast(end_period - at_period as double) as periods_ahead,
  cast(bought_later as double) as purchases_ahead,
  cast(spend_later as double) as spend_ahead
from customers cross join ends
where bought > 0
