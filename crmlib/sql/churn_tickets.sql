-- Requests for help of each customer up to a day (inclusive).
select
  customer_id,
  cast(count(*) as double) as tickets,
  cast(sum(case when day_index(opened_ts) > day_index(:as_of) - :recent_days then 1 else 0 end) as double)
    as recent_tickets
from {tickets}
where opened_ts < :until and customer_id is not null
group by customer_id
