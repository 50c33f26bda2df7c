-- Value by segment. Money per order and units per order are ratios of sums, not means of customers' means.
select
  segment,
  count(*) as customers,
  count(*) / cast(sum(count(*)) over () as double) as customer_share,
  cast(sum(cast(monetary as decimal(18, 4))) as double) as value,
  cast(sum(cast(monetary as decimal(18, 4))) as double)
    / nullif(cast(sum(sum(cast(monetary as decimal(18, 4)))) over () as double), 0) as value_share,
  cast(sum(frequency) as bigint) as orders,
  cast(sum(cast(monetary as decimal(18, 4))) as double) / sum(frequency) as average_order_value,
  cast(sum(units) as double) / sum(frequency) as quantity_per_order,
  percentile_cont(0.5) within group (order by recency_days) as median_recency_days
from {scores}
group by segment
