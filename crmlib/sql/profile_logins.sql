-- The last login of each customer up to a day (inclusive).
select
  customer_id,
  max(login_ts) as last_login,
  cast(day_index(:as_of) - day_index(max(login_ts)) as bigint) as days_since_login
from {logins}
where login_ts < :until and customer_id is not null
group by customer_id
