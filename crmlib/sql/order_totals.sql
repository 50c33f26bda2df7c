-- Orders from order lines: one row for each order of a customer, summed, at the time of its first line.
-- Money given back (negative lines) is in the sum; gave_back remembers that there was some. last_ts is when the last
-- line was bought.
select
  customer_id,
  order_id,
  min(order_ts) as order_ts,
  sum(amount) as amount,
  max(case when amount < 0 then 1 else 0 end) as gave_back,
  max(case when amount >= 0 then order_ts end) as last_ts
from {lines}
group by customer_id, order_id
