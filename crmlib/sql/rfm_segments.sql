-- Value by segment. Money per order and units per order are ratios of sums, not means of customers' means. A segment
-- without a row in {units} has no units per order.
with valued as (
  select
    segment,
    count(*) as customers,
    sum(cast(monetary as decimal(18, 4))) as value,
    cast(sum(frequency) as bigint) as orders,
    percentile_cont(0.5) within group (order by recency_days) as median_recency_days
  from {scores}
  group by segment
)
select
  valued.segment,
  valued.customers,
  valued.customers / cast(sum(valued.customers) over () as double) as customer_share,
  cast(valued.value as double) as value,
  cast(valued.value as double) / nullif(cast(sum(valued.value) over () as double), 0) as value_share,
  valued.orders,
  cast(valued.value as double) / valued.orders as average_order_value,
  units.units / valued.orders as quantity_per_order,
  valued.median_recency_days
from valued
left join {units} as units on units.segment = valued.segment
