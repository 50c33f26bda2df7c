-- Scores from 1 to 5. A value scores 1, and one more for each cut-point below it; recency, where less is better, scores
-- 5, and one less for each cut-point below it. Equal values get equal scores, whatever the order of the rows. The map
-- knows each code by its number as well, for joining numbers takes less time than spelling codes.
with scored as (
  select
    customer_id,
    recency_days,
    frequency,
    monetary,
    5 - cast(recency_days > :recency_days_1 as int) - cast(recency_days > :recency_days_2 as int)
      - cast(recency_days > :recency_days_3 as int) - cast(recency_days > :recency_days_4 as int) as r,
    1 + cast(frequency > :frequency_1 as int) + cast(frequency > :frequency_2 as int)
      + cast(frequency > :frequency_3 as int) + cast(frequency > :frequency_4 as int) as f,
    1 + cast(monetary > :monetary_1 as int) + cast(monetary > :monetary_2 as int)
      + cast(monetary > :monetary_3 as int) + cast(monetary > :monetary_4 as int) as m
  from {measures}
)
select
  scored.customer_id,
  scored.recency_days,
  scored.frequency,
  scored.monetary,
  scored.r,
  scored.f,
  scored.m,
  segment_map.code,
  segment_map.segment
from scored
join {segment_map} as segment_map on segment_map.number = 100 * scored.r + 10 * scored.f + scored.m
