-- Logins of each customer up to a day (inclusive).
select
  customer_id,
  cast(day_index(:as_of) - day_index(max(login_ts)) as double) as days_since_login,
  cast(sum(case when day_index(login_ts) > day_index(:as_of) - :recent_days then 1 else 0 end) as double)
    as recent_logins,
  cast(sum(case when 3 * (day_index(:as_of) - day_index(login_ts)) < :recent_days then 1 else 0 end) as double)
    as latest_logins
from {logins}
where login_ts < :until and customer_id is not null
group by customer_id
