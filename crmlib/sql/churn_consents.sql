-- Whether each customer's permission for a channel and purpose is in force at the end of a day. Whoever withdrew it under
-- any record has withdrawn it; with :restores = 1, unless it was given again after the last withdrawal.
with known as (
  select
    customer_id,
    channel,
    purpose,
    given_ts,
    case when withdrawn_ts < :until then withdrawn_ts end as withdrawn_ts
  from {consents}
  where given_ts < :until and customer_id is not null and purpose in ('service', 'marketing', 'soft_spam')
)
select
  customer_id,
  channel,
  purpose,
  case
    when max(withdrawn_ts) is null then 1
    when :restores = 1 and max(case when withdrawn_ts is null then given_ts end) > max(withdrawn_ts) then 1
    else 0
  end as in_force
from known
group by customer_id, channel, purpose
