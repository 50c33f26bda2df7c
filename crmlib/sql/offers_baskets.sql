-- What each order held: one row an order and item, up to a day (inclusive). Money given back is no purchase.
select
  lines.customer_id,
  lines.order_id,
  min(lines.order_ts) as order_ts,
  products.item
from {lines} as lines
join {products} as products on products.product_id = lines.product_id
where lines.order_ts < :until and lines.amount >= 0 and products.item is not null
group by lines.customer_id, lines.order_id, products.item
