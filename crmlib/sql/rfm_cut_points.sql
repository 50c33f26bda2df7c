-- The four cut-points of each measure: the customers' fifths, linearly interpolated.
select
  percentile_cont(0.2) within group (order by recency_days) as recency_days_1,
  percentile_cont(0.4) within group (order by recency_days) as recency_days_2,
  percentile_cont(0.6) within group (order by recency_days) as recency_days_3,
  percentile_cont(0.8) within group (order by recency_days) as recency_days_4,
  percentile_cont(0.2) within group (order by frequency) as frequency_1,
  percentile_cont(0.4) within group (order by frequency) as frequency_2,
  percentile_cont(0.6) within group (order by frequency) as frequency_3,
  percentile_cont(0.8) within group (order by frequency) as frequency_4,
  percentile_cont(0.2) within group (order by monetary) as monetary_1,
  percentile_cont(0.4) within group (order by monetary) as monetary_2,
  percentile_cont(0.6) within group (order by monetary) as monetary_3,
  percentile_cont(0.8) within group (order by monetary) as monetary_4
from {measures}
