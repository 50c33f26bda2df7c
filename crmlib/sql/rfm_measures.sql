-- Recency, frequency and monetary value of each customer as of a day (inclusive).
-- Orders after that day do not count; who has none before it does not appear.
select
  customer_id,
  day_index(:as_of) - day_index(max(order_ts)) as recency_days,
  count(*) as frequency,
  cast(sum(cast(amount as decimal(18, 4))) as double) as monetary
from {orders}
where order_ts < :until
group by customer_id
