-- When each customer was last seen up to a day (inclusive): last login, last order, latest answer and its score.
with known as (
  select customer_id, min(registered_ts) as registered_ts
  from {people}
  where registered_ts < :until or registered_ts is null
  group by customer_id
),
bought as (
  select customer_id, max(order_ts) as order_ts, min(order_ts) as first_ts
  from {orders}
  where order_ts < :until
  group by customer_id
),
logged as (
  select customer_id, max(login_ts) as login_ts
  from {logins}
  where login_ts < :until
  group by customer_id
),
answered as (
  -- of several answers at one moment the lowest
  select customer_id, max(answered_ts) as answered_ts, min(case when answered_ts = latest then score end) as score
  from (
    select customer_id, score, answered_ts, max(answered_ts) over (partition by customer_id) as latest
    from {answers}
    where answered_ts < :until and score is not null
  ) as scored
  group by customer_id
),
ids as (
  select customer_id from known
  union
  select customer_id from bought
)
select
  ids.customer_id,
  day_index(:as_of) - day_index(coalesce(known.registered_ts, bought.first_ts)) as days_since_registration,
  day_index(:as_of) - day_index(logged.login_ts) as days_since_login,
  day_index(:as_of) - day_index(bought.order_ts) as days_since_order,
  day_index(:as_of) - day_index(answered.answered_ts) as days_since_score,
  cast(answered.score as double) as score
from ids
left join known on known.customer_id = ids.customer_id
left join bought on bought.customer_id = ids.customer_id
left join logged on logged.customer_id = ids.customer_id
left join answered on answered.customer_id = ids.customer_id
