-- What each RFM segment bought after a day, up to another (inclusive); who bought nothing counts as 0.
select
  bought.segment as audience,
  count(*) as customers,
  avg(case when bought.orders > 0 then cast(1 as double) else cast(0 as double) end) as ordering,
  sum(bought.orders) as orders,
  cast(sum(bought.spend) as double) as spend
from (
  select
    scores.customer_id,
    scores.segment,
    count(orders.order_id) as orders,
    coalesce(sum(cast(orders.amount as decimal(18, 4))), 0) as spend
  from {scores} as scores
  left join {orders} as orders
    on orders.customer_id = scores.customer_id and orders.order_ts >= :after and orders.order_ts < :until
  group by scores.customer_id, scores.segment
) as bought
group by bought.segment
