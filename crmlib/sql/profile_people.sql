-- Everybody whom the shop knew by a day (inclusive): accounts and buyers, and since when they have an account.
with accounts as (
  select customer_id, min(registered_ts) as registered
  from {accounts}
  where (registered_ts < :until or registered_ts is null) and customer_id is not null
  group by customer_id
),
ids as (
  select customer_id from accounts
  union
  select customer_id from {orders} where order_ts < :until and customer_id is not null
)
select
  ids.customer_id,
  accounts.registered,
  cast(day_index(:as_of) - day_index(accounts.registered) as bigint) as days_registered
from ids
left join accounts on accounts.customer_id = ids.customer_id
