-- The cut-points of each measure, linearly interpolated: a list for each, of the values below which lie the :shares of
-- the customers. One list for each measure, so that its values are looked at once and not once for each share.
select
  percentile_cont(:shares) within group (order by recency_days) as recency_days,
  percentile_cont(:shares) within group (order by frequency) as frequency,
  percentile_cont(:shares) within group (order by monetary) as monetary
from {measures}
