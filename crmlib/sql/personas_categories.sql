-- Order lines of each customer by product category up to a day (inclusive). Money given back is no purchase.
select lines.customer_id, products.item, count(*) as n
from {lines} as lines
join {products} as products on products.product_id = lines.product_id
where lines.order_ts < :until and lines.amount >= 0 and products.item is not null
group by lines.customer_id, products.item
