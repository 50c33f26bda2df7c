-- When the marketing permission that is in force at the end of a day was given: the last time, for each customer and
-- channel. Whoever withdrew it under any record has withdrawn it; with :restores = 1, unless it was given again.
with known as (
  select
    customer_id,
    channel,
    given_ts,
    case when withdrawn_ts < :until then withdrawn_ts end as withdrawn_ts
  from {consents}
  where given_ts < :until and purpose = 'marketing' and customer_id in (select customer_id from {wanted})
)
select
  customer_id,
  channel,
  max(given_ts) as given_ts
from known
group by customer_id, channel
having
  max(withdrawn_ts) is null
  or (:restores = 1 and max(case when withdrawn_ts is null then given_ts end) > max(withdrawn_ts))
