-- Scores from 1 to 5. A value scores 1, and one more for each cut-point below it; recency, where less is better, scores
-- 5, and one less for each cut-point below it. Equal values get equal scores, whatever the order of the rows.
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
),
coded as (
  select *, concat(cast(r as varchar(1)), cast(f as varchar(1)), cast(m as varchar(1))) as code
  from scored
)
select
  coded.customer_id,
  coded.recency_days,
  coded.frequency,
  coded.monetary,
  coded.r,
  coded.f,
  coded.m,
  coded.code,
  segment_map.segment
from coded
join {segment_map} as segment_map on segment_map.code = coded.code
