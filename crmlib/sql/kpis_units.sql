-- As kpis_value, with pieces bought in place of money: those of lines that were not given back.
-- Squares need one place more than money has, or DuckDB multiplies in 64 bits.
select
  count(*) as customers,
  cast(coalesce(sum(orders), 0) as bigint) as orders,
  cast(coalesce(sum(units), 0) as double) as total,
  cast(coalesce(sum(cast(cast(units as decimal(19, 4)) * units as decimal(38, 4))), 0) as double) as total_squares,
  cast(coalesce(sum(orders * orders), 0) as double) as order_squares,
  cast(coalesce(sum(cast(units * orders as decimal(38, 4))), 0) as double) as products
from (
  select buying.customer_id, buying.orders, cast(coalesce(lines.units, 0) as decimal(18, 4)) as units
  from (
    select customer_id, count(*) as orders
    from {orders}
    where order_ts >= :after and order_ts < :until
    group by customer_id
  ) as buying
  left join (
    select customer_id, sum(cast(quantity as decimal(18, 4))) as units
    from {lines}
    where order_ts >= :after and order_ts < :until and amount >= 0
    group by customer_id
  ) as lines on lines.customer_id = buying.customer_id
) as units
