-- What each customer paid, beside the list price of the same pieces, up to a day (inclusive).
select
  lines.customer_id,
  cast(sum(cast(lines.amount as decimal(18, 4))) as double) as paid,
  cast(sum(cast(products.price as decimal(18, 4)) * cast(lines.quantity as decimal(9, 0))) as double) as listed
from {lines} as lines
join {products} as products on products.product_id = lines.product_id
where lines.order_ts < :until and lines.amount >= 0
group by lines.customer_id
