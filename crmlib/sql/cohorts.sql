-- Customers by the month of their first order, with their orders and spend so many months later. Months are numbered
-- from year 0; orders after :until do not count.
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
begun as (
  select customer_id, min(month) as cohort
  from months
  group by customer_id
)
select
  begun.cohort,
  months.month - begun.cohort as age,
  count(*) as customers,
  cast(sum(months.orders) as bigint) as orders,
  cast(sum(months.revenue) as double) as revenue
from months
join begun on begun.customer_id = months.customer_id
group by begun.cohort, months.month - begun.cohort
