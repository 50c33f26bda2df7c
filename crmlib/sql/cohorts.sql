-- Customers by the month of their first order, and how many of them bought again how many months later. Months are
-- numbered from year 0; orders after :until do not count.
with months as (
  select
    customer_id,
    cast(extract(year from order_ts) * 12 + extract(month from order_ts) - 1 as int) as month,
    count(*) as orders,
    sum(cast(amount as decimal(18, 4))) as revenue
  from {orders}
  where order_ts < :until
  group by customer_id, cast(extract(year from order_ts) * 12 + extract(month from order_ts) - 1 as int)
),
placed as (
  select *, min(month) over (partition by customer_id) as cohort
  from months
)
select
  cohort,
  month - cohort as age,
  count(*) as customers,
  cast(sum(orders) as bigint) as orders,
  cast(sum(revenue) as double) as revenue
from placed
group by cohort, month - cohort
