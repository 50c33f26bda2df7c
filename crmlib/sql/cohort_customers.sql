-- Customers by the month of their first order, and how many of them bought so many months later: as `cohorts`, for a
-- history of at most 60 months, without a row for each customer and month. {months} numbers the months from year 0 and
-- gives each a power of two, so that a customer's months are one number: the sum of theirs. Its lowest power is the
-- first month.
with active as (
  select
    customer_id,
    bit_or(cast(power(2, extract(year from order_ts) * 12 + extract(month from order_ts) - 1 - :first) as bigint))
      as months
  from {orders}
  where order_ts < :until
  group by customer_id
),
alike as (
  select months, count(*) as customers
  from active
  group by months
)
select
  begun.month as cohort,
  bought.month - begun.month as age,
  cast(sum(alike.customers) as bigint) as customers
from alike
join {months} as begun on begun.power = (alike.months & (-alike.months))
join {months} as bought on (alike.months & bought.power) <> 0
group by begun.month, bought.month
